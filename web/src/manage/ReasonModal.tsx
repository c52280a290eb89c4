import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

export interface ReasonModalProps {
  title: string;
  text: string;
  action: string;
  pending: boolean;
  error: unknown;
  onConfirm: (reason: string) => void;
  onClose: () => void;
  danger?: boolean;
  ready?: boolean;
  /** Letters that a reason may have. */
  most?: number;
  children?: ReactNode;
}

/** Nothing is deleted, merged or moved without a reason. */
export function ReasonModal(props: ReasonModalProps) {
  const { t } = useTranslation("manage");
  const say = useProblemText();
  const [reason, setReason] = useState("");
  const enough = reason.trim().length >= 3 && (props.ready ?? true);
  return (
    <Dialog
      size="lg"
      onClose={props.onClose}
      title={props.title}
    >
      <Stack>
        <Text size="sm">{props.text}</Text>
        {props.children}
        <Textarea
          label={t("reason")}
          description={t("reasonHint")}
          required
          autosize
          minRows={2}
          maxLength={props.most ?? 1000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {props.error !== null && props.error !== undefined && (
          <Note tone="signal" alert>
            {say(props.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>
            {t("common:cancel")}
          </Button>
          <Button
            {...(props.danger === true ? { color: "signal" } : {})}
            loading={props.pending}
            disabled={!enough}
            onClick={() => props.onConfirm(reason.trim())}
          >
            {props.action}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
