import { notifications } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { SessionState } from "../signaling/session";

/** Tell everybody whose camera or screen a still picture is taken of, and by whom. */
export function useStillNews({ lastStill, participants, selfId }: SessionState) {
  const { t } = useTranslation("still");
  const told = useRef(lastStill);
  useEffect(() => {
    if (lastStill === null || lastStill === told.current) return;
    told.current = lastStill;
    if (lastStill.takenBy === selfId) return; // the dialog says it
    const { participantId, source } = lastStill;
    const nameOf = (id: string) => participants.find((one) => one.id === id)?.displayName ?? t("news.somebody");
    const ofOwn = source === "screen" ? "ownScreen" : "own";
    notifications.show({
      message: t(`news.${participantId === selfId ? ofOwn : source}`, {
        by: nameOf(lastStill.takenBy),
        of: nameOf(participantId),
      }),
      position: "top-center",
      autoClose: 10_000,
    });
  }, [lastStill, participants, selfId, t]);
}
