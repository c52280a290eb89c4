import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

export interface WordsDialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  text: string;
  label: string;
  confirm: string;
  isDanger?: boolean;
  isOptional?: boolean;
  step: { isPending: boolean; error: unknown };
  onSay: (words: string) => void;
}

/** Asks for the words that a step needs. */
export function WordsDialog(props: WordsDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.title} closeButtonProps={{ "aria-label": t("close") }}>
      <Form {...props} />
    </Modal>
  );
}

function Form({ onClose, text, label, confirm, isDanger = false, isOptional = false, step, onSay }: WordsDialogProps) {
  const { t } = useTranslation();
  const say = useProblemText();
  const [words, setWords] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isOptional || words.trim() !== "") onSay(words.trim());
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{text}</Text>
        <Textarea
          label={label}
          autosize
          minRows={2}
          maxLength={500}
          required={!isOptional}
          data-autofocus
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {step.error !== null && (
          <Note tone="signal" alert>
            {say(step.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" color={isDanger ? "signal" : "petrol"} disabled={!isOptional && words.trim() === ""} loading={step.isPending}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
