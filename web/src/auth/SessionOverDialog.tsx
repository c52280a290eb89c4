import { Anchor, Button, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useLogin, useLogout } from "../api/hooks";
import type { Me } from "../api/types";
import { SecondStep, startedBy } from "./SecondStep";
import { SignInFault } from "./SignInFault";

/** Over the page as it stands: a call goes on and nothing that was typed is lost, but nobody reads it meanwhile. */
export function SessionOverDialog({ me }: { me: Me }) {
  const { t } = useTranslation("auth");
  const login = useLogin();
  const logout = useLogout();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ username: me.username, password });
  };
  const started = startedBy(login.error);
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      centered
      title={t("over.title")}
      overlayProps={{ blur: 18, backgroundOpacity: 0.75 }}
    >
      {started !== null && <SecondStep started={started} onAgain={() => login.reset()} />}
      <form onSubmit={submit} hidden={started !== null}>
        <Stack gap="md">
          <Text size="sm">{t("over.text", { name: me.display_name })}</Text>
          <SignInFault error={login.error} />
          <PasswordInput
            label={t("login.password")}
            autoComplete="current-password"
            required
            withAsterisk={false}
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("login.reveal") }}
          />
          <Button type="submit" loading={login.isPending}>
            {t("login.submit")}
          </Button>
          <Anchor component="button" type="button" size="sm" onClick={() => logout.mutate()}>
            {t("over.other")}
          </Anchor>
        </Stack>
      </form>
    </Modal>
  );
}
