import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { StudySummary } from "../api/types";
import { arrivals } from "./arrivals";
import classes from "./room.module.css";

const SHOWN_FOR_MS = 12_000;

/** Tell, gently, that images or findings have come; the picture on screen stays until somebody asks. */
export function useArrivals(
  studies: readonly StudySummary[],
  onScreen: string | null,
  show: (studyInstanceUid: string) => void,
) {
  const { t } = useTranslation("room");
  const before = useRef<readonly StudySummary[] | null>(null);
  const onShow = useRef(show);
  useEffect(() => {
    onShow.current = show;
  });
  useEffect(() => {
    for (const kind of ["study", "findings"]) notifications.hide(`${kind} ${onScreen ?? ""}`);
  }, [onScreen]);
  useEffect(() => {
    for (const arrival of arrivals(before.current, studies)) {
      const { study } = arrival;
      const name = study.study_description ?? study.modalities.join(" ");
      // One note for each study: what the AI found takes the place of "has arrived".
      const id = `${arrival.kind} ${study.study_instance_uid}`;
      notifications.hide(`study ${study.study_instance_uid}`);
      notifications.show({
        id,
        position: "top-center",
        autoClose: SHOWN_FOR_MS,
        title: t(`arrival.${arrival.kind}`),
        message: (
          <div className={classes.arrival} data-arrival={arrival.kind}>
            <span>{arrival.kind === "findings" ? t("arrival.count", { name, count: arrival.count }) : name}</span>
            <Button
              size="compact-sm"
              onClick={() => {
                notifications.hide(id);
                onShow.current(study.study_instance_uid);
              }}
            >
              {t("arrival.show")}
            </Button>
          </div>
        ),
      });
    }
    before.current = studies;
  }, [studies, t]);
}
