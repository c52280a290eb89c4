import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useLocation } from "react-router";

import { useLogin, useMe } from "../api/hooks";
import { AuthFrame } from "./AuthFrame";
import { SignInFault } from "./SignInFault";

/** Where the user wanted to go before being asked who it is; only pages of ours. */
function destination(state: unknown): string {
  const from = typeof state === "object" && state !== null && "from" in state ? state.from : null;
  return typeof from === "string" && from.startsWith("/") && !from.startsWith("//") ? from : "/";
}

export function LoginPage() {
  const { t } = useTranslation("auth");
  const me = useMe();
  const login = useLogin();
  const location = useLocation();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");

  if (me.data) {
    return <Navigate to={me.data.must_change_password ? "/password" : destination(location.state)} replace />;
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ username: username.trim(), password });
  };
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
        </Stack>
      </form>
    </AuthFrame>
  );
}
