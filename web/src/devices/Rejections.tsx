import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { DicomPeer, Rejection } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import { useNow } from "../ui/useNow";
import classes from "./devices.module.css";

export interface RejectionsProps {
  rejections: readonly Rejection[];
  peers: readonly DicomPeer[];
  ourTitle: string;
  onTake: (rejection: Rejection) => void;
}

/** Who called in vain: most often a new scanner, or a typing error at one. */
export function Rejections({ rejections, peers, ourTitle, onTake }: RejectionsProps) {
  const { t } = useTranslation("devices");
  const language = useLanguage();
  const now = useNow();
  const unknown = rejections.filter(
    (one) =>
      one.called_ae_title !== ourTitle ||
      !peers.some((peer) => peer.ae_title === one.ae_title && peer.address === one.address),
  );
  if (unknown.length === 0) return null;
  return (
    <Panel flush title={t("rejections.title")}>
      <p className={classes.explained}>{t("rejections.text")}</p>
      <ul className={classes.rows}>
        {unknown.map((one) => (
          <li key={`${one.ae_title} ${one.called_ae_title} ${one.address}`} className={classes.row}>
            <div className={classes.who}>
              <div className={classes.aeTitle}>{one.ae_title}</div>
              <div className={`${classes.muted} tabular`}>{formatInstant(one.at, now, language)}</div>
            </div>
            <div className={`${classes.where} tabular`}>{one.address}</div>
            <div className={classes.outcome}>
              {one.called_ae_title === ourTitle
                ? t("rejections.called", { title: one.called_ae_title })
                : `${t("rejections.called", { title: one.called_ae_title })} · ${t("rejections.wrongTitle", { title: ourTitle })}`}
            </div>
            <div className={classes.actions}>
              {one.called_ae_title === ourTitle && (
                <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => onTake(one)}>
                  {t("rejections.take")}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
