import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useCancelProcedure } from "../api/hooks";
import type { ScheduledProcedure } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatPersonName } from "../ui/format";
import { useProblemText } from "../ui/problem";

export interface Cancelling {
  /** The examination that waits for a yes, if any. */
  asking: ScheduledProcedure | null;
  isPending: boolean;
  ask: (procedure: ScheduledProcedure) => void;
  confirm: () => void;
  dismiss: () => void;
}

export function useCancelling(): Cancelling {
  const { t } = useTranslation("schedule");
  const say = useProblemText();
  const cancel = useCancelProcedure();
  const [asking, setAsking] = useState<ScheduledProcedure | null>(null);
  const dismiss = () => setAsking(null);
  const confirm = () => {
    if (asking === null) return;
    cancel.mutate(asking.id, {
      onSuccess: () => notifications.show({ color: "moss", message: t("cancelled") }),
      onError: (error) => notifications.show({ color: "signal", title: t("cancel"), message: say(error) }),
      onSettled: dismiss,
    });
  };
  return { asking, isPending: cancel.isPending, ask: setAsking, confirm, dismiss };
}

export function CancelDialog({ cancelling }: { cancelling: Cancelling }) {
  const { t } = useTranslation("schedule");
  const language = useLanguage();
  const { asking } = cancelling;
  return (
    <Modal
      opened={asking !== null}
      onClose={cancelling.dismiss}
      title={t("cancelTitle")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Stack>
        {asking !== null && (
          <Text size="sm" fw={600}>
            {[formatPersonName(asking.patient_name, language), asking.modality, asking.procedure_description]
              .filter(Boolean)
              .join(" · ")}
          </Text>
        )}
        <Text size="sm">{t("cancelText")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={cancelling.dismiss}>
            {t("common:back")}
          </Button>
          <Button color="signal" loading={cancelling.isPending} onClick={cancelling.confirm}>
            {t("cancel")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
