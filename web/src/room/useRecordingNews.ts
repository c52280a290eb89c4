import { notifications } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { RecordingState } from "../signaling/messages";

/** Say why a recording, or the asking for one, has ended. */
export function useRecordingNews({ status, ended }: RecordingState) {
  const { t } = useTranslation("room");
  const before = useRef(status);
  useEffect(() => {
    if (before.current !== "off" && status === "off" && ended !== null) {
      notifications.show({
        message: t(`recording.ended.${ended}`),
        color: ended === "failed" ? "signal" : "petrol",
        position: "top-center",
      });
    }
    before.current = status;
  }, [status, ended, t]);
}
