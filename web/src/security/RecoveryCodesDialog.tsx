import { Button, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import classes from "./security.module.css";

/** Shown this once: the server keeps only what it needs to know them again. */
export function RecoveryCodesDialog({ codes, onClose }: { codes: readonly string[] | null; onClose: () => void }) {
  const { t } = useTranslation("security");
  return (
    <Modal
      opened={codes !== null}
      onClose={onClose}
      closeOnClickOutside={false}
      title={t("codes.shownTitle")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Stack>
        <Text size="sm">{t("codes.shown")}</Text>
        <ul className={classes.codes}>
          {codes?.map((code) => <li key={code}>{code}</li>)}
        </ul>
        <Group justify="flex-end">
          <CopyButton value={codes?.join("\n") ?? ""}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {t(copied ? "totp.copied" : "totp.copy")}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{t("codes.noted")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
