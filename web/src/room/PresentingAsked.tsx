/** The presenter is told who asks to present, and gives with one press; who asked is told of a no. */
import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { presents } from "../signaling/reducer";
import type { Handover, SessionState } from "../signaling/session";
import { Note } from "../ui/Note";

export function PresentingAsked({ state, onStep }: { state: SessionState; onStep: (step: Handover) => void }) {
  const { t } = useTranslation("room");
  const { participants, isRefused } = state;
  const isPresenter = presents(state);
  const asking = isPresenter ? participants.filter((one) => one.asksToPresent) : [];
  const first = asking[0]?.id;
  const give = (participantId: string) => onStep({ type: "givePresenter", participantId });
  useKeys({ [KEYS.room.present]: () => first !== undefined && give(first) }, first !== undefined);
  useEffect(() => {
    if (isRefused) notifications.show({ message: t("askPresent.refused"), position: "top-center" });
  }, [isRefused, t]);
  return asking.map(({ id, displayName }) => (
    <Note key={id} tone="petrol" alert>
      <Group gap={8}>
        {t("askPresent.asks", { name: displayName })}
        <Button size="compact-sm" aria-keyshortcuts={id === first ? KEYS.room.present : undefined} onClick={() => give(id)}>
          {t("handOver")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => onStep({ type: "refuseToGive", participantId: id })}>
          {t("askPresent.refuse")}
        </Button>
      </Group>
    </Note>
  ));
}
