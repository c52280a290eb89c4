import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../app/i18n";
import type { RecordingStep, SessionState } from "../signaling/session";
import { consentText } from "./recordingConsent";

export interface RecordingDialogProps {
  room: SessionState;
  onStep: (step: RecordingStep) => void;
}

/** The question whether one may be recorded, for as long as it is open. It has no close: only an answer ends it. */
export function RecordingDialog({ room, onStep }: RecordingDialogProps) {
  const { t } = useTranslation("room");
  const language = useLanguage();
  const { recording, selfId, participants } = room;
  const isAsked = room.status === "connected" && selfId !== null && recording.awaiting.includes(selfId);
  const name = participants.find(({ id }) => id === recording.askedBy)?.displayName ?? t("recording.somebody");
  const answer = (agrees: boolean) => onStep({ type: "answerRecording", agrees, consentText: consentText(language) });
  return (
    <Modal
      opened={isAsked}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t("recording.title", { name })}
    >
      <Stack>
        <Text size="sm">{t("recording.consent")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => answer(false)}>
            {t("recording.no")}
          </Button>
          <Button onClick={() => answer(true)}>{t("recording.yes")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
