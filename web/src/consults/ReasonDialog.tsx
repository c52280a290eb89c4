import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { ConsultEvent } from "../api/types";
import { CONSULT_EVENT } from "./status";
import type { ConsultSteps } from "./useConsultSteps";

function Form({ event, steps }: { event: ConsultEvent; steps: ConsultSteps }) {
  const { t } = useTranslation("consult");
  const look = CONSULT_EVENT[event];
  const [reason, setReason] = useState("");
  const missing = look.ask !== "confirm" && reason.trim() === "";

  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    if (!missing) steps.take(event, reason.trim().replace("T", " "));
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t(`ask.${event}`)}</Text>
        {look.ask === "reason" && (
          <Textarea
            label={t("reason")}
            autosize
            minRows={3}
            maxLength={500}
            required
            data-autofocus
            value={reason}
            onChange={(change) => setReason(change.currentTarget.value)}
          />
        )}
        {look.ask === "time" && (
          <TextInput
            type="datetime-local"
            label={t("time")}
            required
            data-autofocus
            value={reason}
            onChange={(change) => setReason(change.currentTarget.value)}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={steps.dismiss}>
            {t("common:cancel")}
          </Button>
          <Button
            type="submit"
            color={look.weight === "danger" ? "signal" : "petrol"}
            disabled={missing}
            loading={steps.isPending}
          >
            {t(`event.${event}`)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Asks for the reason, the time or the yes that a step needs. */
export function ReasonDialog({ steps }: { steps: ConsultSteps }) {
  const { t } = useTranslation("consult");
  return (
    <Modal
      opened={steps.asking !== null}
      onClose={steps.dismiss}
      title={steps.asking === null ? "" : t(`event.${steps.asking}`)}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {steps.asking !== null && <Form key={steps.asking} event={steps.asking} steps={steps} />}
    </Modal>
  );
}
