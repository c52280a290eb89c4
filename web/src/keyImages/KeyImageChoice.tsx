/** The key images of all studies of a consult, to choose one. */
import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { usePollMs } from "../api/events";
import { useConsult } from "../api/hooks";
import { useKeyImagesOf } from "../api/keyImageHooks";
import type { KeyImage } from "../api/types";
import { ErrorState, LoadingState } from "../ui/states";
import { KeyImageFacts } from "./KeyImageFacts";
import classes from "./keyImages.module.css";

export interface KeyImageChoiceProps {
  consultId: string;
  onChoose: (one: KeyImage) => void;
  onClose: () => void;
}

const PICTURE_PX = 160;

export function KeyImageChoice({ consultId, onChoose, onClose }: KeyImageChoiceProps) {
  const { t } = useTranslation("keyImage");
  const pollMs = usePollMs();
  const consult = useConsult(consultId);
  const answers = useKeyImagesOf((consult.data?.studies ?? []).map((study) => study.study_instance_uid), pollMs);
  const failed = [consult, ...answers].find((one) => one.isLoadingError);
  const isPending = [consult, ...answers].some((one) => one.isPending);
  const all = answers.flatMap(({ data }) => data ?? []);
  return (
    <Modal opened onClose={onClose} title={t("choose")} size="lg">
      {failed !== undefined ? (
        <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
      ) : isPending ? (
        <LoadingState rows={3} />
      ) : all.length === 0 ? (
        <p className={classes.none}>{t("none")}</p>
      ) : (
        <div className={classes.choices}>
          {all.map((one) => (
            <button key={one.id} type="button" className={classes.card} onClick={() => onChoose(one)}>
              <img src={addresses.keyImage(one.study_instance_uid, one.id, PICTURE_PX)} alt="" loading="lazy" />
              <KeyImageFacts one={one} />
            </button>
          ))}
        </div>
      )}
    </Modal>
  );
}
