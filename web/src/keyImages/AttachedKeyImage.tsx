/** A key image in a message: its picture, which opens where the image is. */
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { addresses } from "../api/client";
import type { KeyImage } from "../api/types";
import classes from "./keyImages.module.css";
import { useKeyImageName } from "./useKeyImageName";
import { KEY_IMAGE_PARAM } from "./wanted";

const PICTURE_PX = 480;

export interface AttachedKeyImageProps {
  /** Null: it was removed. */
  one: KeyImage | null;
  /** Shows it on this page; else the page of its study opens. */
  onShow?: ((one: KeyImage) => void) | undefined;
}

export function AttachedKeyImage({ one, onShow }: AttachedKeyImageProps) {
  const { t } = useTranslation("keyImage");
  const nameOf = useKeyImageName();
  if (one === null) return <p className={classes.gone}>{t("gone")}</p>;
  const name = nameOf(one);
  const content = (
    <>
      <img src={addresses.keyImage(one.study_instance_uid, one.id, PICTURE_PX)} alt="" loading="lazy" />
      <span className={classes.about}>
        <strong>{name}</strong>
        {one.note !== "" && <span>{one.note}</span>}
      </span>
    </>
  );
  const label = t("open", { name });
  if (onShow !== undefined) {
    return (
      <button type="button" className={classes.attached} aria-label={label} onClick={() => onShow(one)}>
        {content}
      </button>
    );
  }
  const address = `/studies/${encodeURIComponent(one.study_instance_uid)}?${KEY_IMAGE_PARAM}=${encodeURIComponent(one.id)}`;
  return (
    <Link to={address} className={classes.attached} aria-label={label}>
      {content}
    </Link>
  );
}
