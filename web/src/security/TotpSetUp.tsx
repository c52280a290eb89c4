import { Button, CopyButton, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useConfirmTotp } from "../api/securityHooks";
import type { NewTotp } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./security.module.css";

export interface TotpSetUpProps {
  secret: NewTotp;
  /** With the recovery codes where these are the first. */
  onDone: (codes: readonly string[] | null) => void;
  onClose: () => void;
}

/** The secret as picture and text, and the code that shows that the app has it. */
export function TotpSetUp({ secret, onDone, onClose }: TotpSetUpProps) {
  const { t } = useTranslation("security");
  const say = useProblemText();
  const confirm = useConfirmTotp();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate(code, { onSuccess: ({ recovery_codes }) => onDone(recovery_codes) });
  };
  return (
    <Dialog
      onClose={onClose}
      closeOnClickOutside={false}
      title={t("totp.title")}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t("totp.scan")}</Text>
          <Group justify="center">
            <img
              className={classes.qr}
              alt={t("totp.qr")}
              src={`data:image/svg+xml,${encodeURIComponent(secret.qr_svg)}`}
            />
          </Group>
          <Group gap="sm" wrap="nowrap" justify="space-between">
            <div>
              <div className={classes.muted}>{t("totp.key")}</div>
              <span className={classes.secret}>{secret.secret}</span>
            </div>
            <CopyButton value={secret.secret}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy} style={{ flex: "none" }}>
                  {t(copied ? "totp.copied" : "totp.copy")}
                </Button>
              )}
            </CopyButton>
          </Group>
          {confirm.isError && (
            <Note tone="signal" alert>
              {say(confirm.error)}
            </Note>
          )}
          <TextInput
            label={t("totp.code")}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={16}
            data-autofocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" disabled={code === ""} loading={confirm.isPending}>
              {t("totp.confirm")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
