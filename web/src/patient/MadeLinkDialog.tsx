import { Button, CopyButton, Group, Modal, Stack, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { MadeLink } from "../api/patientLinkHooks";
import classes from "./links.module.css";

/** Shown this once; the server keeps only hashes. */
export function MadeLinkDialog({ made, onClose }: { made: MadeLink | null; onClose: () => void }) {
  const { t } = useTranslation("patientLink");
  const address = made === null ? "" : location.origin + made.path;
  return (
    <Modal
      opened={made !== null}
      onClose={onClose}
      closeOnClickOutside={false}
      title={t("made.title", { name: made?.link.name ?? "" })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Stack>
        <div>
          <Text size="sm">{t("made.link")}</Text>
          <output className={classes.address} data-testid="patient-link">
            {address}
          </output>
          <CopyButton value={address}>
            {({ copied, copy }) => (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
                onClick={copy}
              >
                {t(copied ? "made.copied" : "made.copy")}
              </Button>
            )}
          </CopyButton>
        </div>
        <div>
          <Text size="sm">{t("made.code")}</Text>
          <output className={classes.code} data-testid="patient-code">
            {made?.code}
          </output>
        </div>
        <Text size="sm">{t("made.once")}</Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>{t("made.done")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
