import { Button, Checkbox, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useSignReport } from "../api/hooks";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

export interface SignDialogProps {
  consultId: string;
  opened: boolean;
  onClose: () => void;
  /** Saves what is typed and gives the version to sign; null where saving failed. */
  flush: () => Promise<number | null>;
}

/** Signing asks for the password again: whoever sits at an open screen is not always its user. */
export function SignDialog({ consultId, opened, onClose, flush }: SignDialogProps) {
  const { t } = useTranslation("report");
  const sign = useSignReport(consultId);
  const say = useProblemText();
  const [password, setPassword] = useState("");
  const [read, setRead] = useState(false);
  const [notSaved, setNotSaved] = useState(false);

  const close = () => {
    setPassword("");
    setRead(false);
    setNotSaved(false);
    sign.reset();
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const version = await flush();
    setNotSaved(version === null);
    if (version !== null) sign.mutate({ password, version }, { onSuccess: close });
  };
  const said = (error: Error) =>
    error instanceof ApiError && error.code === "findings-undecided" && error.sentence === null
      ? t("undecidedBlocks")
      : say(error);
  return (
    <Modal opened={opened} onClose={close} title={t("sign.title")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <Text size="sm">{t("sign.text")}</Text>
          {notSaved && (
            <Note tone="signal" alert>
              {t("sign.notSaved")}
            </Note>
          )}
          {sign.isError && (
            <Note tone="signal" alert>
              {said(sign.error)}
            </Note>
          )}
          <Checkbox
            label={t("sign.read")}
            checked={read}
            onChange={(event) => setRead(event.currentTarget.checked)}
          />
          <PasswordInput
            label={t("sign.password")}
            autoComplete="current-password"
            required
            withAsterisk={false}
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("auth:login.reveal") }}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" disabled={password === "" || !read} loading={sign.isPending}>
              {t("sign.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
