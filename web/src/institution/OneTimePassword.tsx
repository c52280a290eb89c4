import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import classes from "./institution.module.css";

export interface GivenPassword {
  username: string;
  password: string;
}

/** Shown this once; the server keeps only its hash. */
export function OneTimePassword({ given, onClose }: { given: GivenPassword | null; onClose: () => void }) {
  const { t } = useTranslation("institution");
  return (
    <Modal
      opened={given !== null}
      onClose={onClose}
      closeOnClickOutside={false}
      title={t("password.title", { name: given?.username ?? "" })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Stack>
        <output className={classes.password}>{given?.password}</output>
        <Text size="sm">{t("password.text")}</Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>{t("password.noted")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
