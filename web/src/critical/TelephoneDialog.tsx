import { Button, Checkbox, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useCriticalStep, type CriticalResult } from "../api/criticalHooks";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

function Form({ result, onClose }: { result: CriticalResult; onClose: () => void }) {
  const { t } = useTranslation("critical");
  const say = useProblemText();
  const step = useCriticalStep(result);
  const [spokenTo, setSpokenTo] = useState("");
  const [isReadBack, setReadBack] = useState(false);
  const [decision, setDecision] = useState("");
  const isReady = spokenTo.trim() !== "" && isReadBack;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    step.mutate(
      { step: "telephone", spoken_to: spokenTo.trim(), read_back: isReadBack, decision: decision.trim() },
      { onSuccess: onClose },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("telephone.text")}</Text>
        <TextInput
          label={t("telephone.spokenTo")}
          required
          maxLength={100}
          data-autofocus
          value={spokenTo}
          onChange={(event) => setSpokenTo(event.currentTarget.value)}
        />
        <Checkbox
          label={t("telephone.readBack")}
          checked={isReadBack}
          onChange={(event) => setReadBack(event.currentTarget.checked)}
        />
        <Textarea
          label={t("telephone.decision")}
          autosize
          minRows={2}
          maxLength={1000}
          value={decision}
          onChange={(event) => setDecision(event.currentTarget.value)}
        />
        {step.isError && (
          <Note tone="signal" alert>
            {say(step.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={!isReady} loading={step.isPending}>
            {t("telephone.submit")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Records that the other side was told by telephone, and read it back. */
export function TelephoneDialog({ result, opened, onClose }: { result: CriticalResult; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("critical");
  return (
    <Modal opened={opened} onClose={onClose} title={t("telephone.title")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <Form result={result} onClose={onClose} />
    </Modal>
  );
}
