import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useLocation } from "react-router";

import { useLogin, useMe, usePasskeyLogin } from "../api/hooks";
import { hasPasskeys } from "../api/passkeys";
import { useAskPasskey } from "../api/securityHooks";
import { AuthFrame } from "./AuthFrame";
import { asDestination } from "./destination";
import { PasskeyFault } from "./PasskeyFault";
import { ProviderChoice } from "./ProviderChoice";
import { SecondStep, startedBy } from "./SecondStep";
import { SignInFault } from "./SignInFault";

export function LoginPage() {
  const { t } = useTranslation("auth");
  const me = useMe();
  const login = useLogin();
  const ask = useAskPasskey();
  const byPasskey = usePasskeyLogin();
  const { state } = useLocation() as { state: { from?: unknown } | null };
  const from = state?.from;
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");

  if (me.data) {
    return <Navigate to={me.data.must_change_password ? "/password" : asDestination(from)} replace />;
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ username: username.trim(), password });
  };
  const started = startedBy(login.error);
  if (started !== null) {
    return (
      <AuthFrame title={t("secondStep.title")} lead={username}>
        <SecondStep
          started={started}
          onAgain={() => {
            setPassword("");
            login.reset();
          }}
        />
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title={t("login.title")} lead={t("login.lead")}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <SignInFault error={login.error} />
          <TextInput
            label={t("login.username")}
            name="username"
            autoComplete="username"
            autoFocus
            required
            withAsterisk={false}
            size="md"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t("login.password")}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            size="md"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("login.reveal") }}
          />
          <Button type="submit" size="md" loading={login.isPending} mt="xs">
            {t("login.submit")}
          </Button>
          {hasPasskeys() && (
            <Button
              variant="default"
              size="md"
              leftSection={<IconFingerprint size={18} />}
              loading={ask.isPending || byPasskey.isPending}
              onClick={() => ask.mutate(null, { onSuccess: (answer) => byPasskey.mutate(answer) })}
            >
              {t("login.passkey")}
            </Button>
          )}
          <PasskeyFault error={ask.error ?? byPasskey.error} />
          <ProviderChoice destination={asDestination(from)} />
        </Stack>
      </form>
    </AuthFrame>
  );
}
