import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { ConsultEvent } from "../api/types";
import { CONSULT_EVENT } from "./status";
import type { ConsultSteps } from "./useConsultSteps";

function Form({ event, steps }: { event: ConsultEvent; steps: ConsultSteps }) {
  const { t } = useTranslation("consult");
  const look = CONSULT_EVENT[event];
  const [reason, setReason] = useState("");
  const missing = look.ask === "reason" && reason.trim() === "";

  const submit = (submitted: FormEvent) => {
    submitted.preventDefault();
    if (!missing) steps.take(event, reason.trim());
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t(`ask.${event}`)}</Text>
        {look.ask === "reason" && (
          <Textarea
            label={t(event === "acknowledge" ? "decision" : "reason")}
            autosize
            minRows={3}
            maxLength={500}
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

/** Asks for the reason or the yes that a step needs. */
export function ReasonDialog({ steps }: { steps: ConsultSteps }) {
  const { t } = useTranslation("consult");
  // A time is chosen in the booking dialog.
  const asking = steps.asking === null || CONSULT_EVENT[steps.asking].ask === "time" ? null : steps.asking;
  return (
    <Modal
      opened={asking !== null}
      onClose={steps.dismiss}
      title={asking === null ? "" : t(`event.${asking}`)}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {asking !== null && <Form key={asking} event={asking} steps={steps} />}
    </Modal>
  );
}
