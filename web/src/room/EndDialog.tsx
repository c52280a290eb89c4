import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

export interface EndDialogProps {
  opened: boolean;
  isPending: boolean;
  onClose: () => void;
  onEnd: () => void;
}

export function EndDialog({ opened, isPending, onClose, onEnd }: EndDialogProps) {
  const { t } = useTranslation("room");
  const { t: common } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("end.title")} closeButtonProps={{ "aria-label": common("close") }}>
      <Stack>
        <Text size="sm">{t("end.text")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
          <Button color="signal" onClick={onEnd} loading={isPending} data-autofocus>
            {t("end.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
