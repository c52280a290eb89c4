import { Anchor, Button, PasswordInput, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useNavigate } from "react-router";

import { useChangePassword, useMe, useSetPreferences } from "../api/hooks";
import { useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { LoadingState } from "../ui/states";
import { AuthFrame } from "./AuthFrame";
import { PASSWORD_LENGTH_LEAST, passwordFault } from "./passwordRules";

export function PasswordPage() {
  const { t } = useTranslation("auth");
  const me = useMe();
  const change = useChangePassword();
  const save = useSetPreferences();
  const language = useLanguage();
  const navigate = useNavigate();
  const say = useProblemText();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [repeated, setRepeated] = useState("");
  const [tried, setTried] = useState(false);

  if (me.isPending) return <LoadingState />;
  if (!me.data) return <Navigate to="/login" replace />;
  const forced = me.data.must_change_password;
  const fault = passwordFault(current, next, repeated);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (fault !== null) return;
    change.mutate(
      { current_password: current, new_password: next },
      {
        onSuccess: () => {
          if (forced) save.mutate({ language });
          notifications.show({ color: "moss", message: t("password.done") });
          void navigate("/", { replace: true });
        },
      },
    );
  };
  const text = { length: PASSWORD_LENGTH_LEAST };
  const reveal = { visibilityToggleButtonProps: { "aria-label": t("login.reveal") } };
  return (
    <AuthFrame title={t("password.title")} lead={forced ? t("password.forced") : t("password.lead")}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {change.isError && (
            <Note tone="signal" alert>
              {say(change.error)}
            </Note>
          )}
          <input type="text" name="username" autoComplete="username" value={me.data.username} readOnly hidden />
          <PasswordInput
            label={forced ? t("password.oneTime") : t("password.current")}
            autoComplete="current-password"
            name="current-password"
            required
            withAsterisk={false}
            size="md"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            {...reveal}
          />
          <PasswordInput
            label={t("password.next")}
            description={t("password.rule", text)}
            autoComplete="new-password"
            name="new-password"
            required
            withAsterisk={false}
            size="md"
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={tried && fault !== null && fault !== "differs" ? t(`password.fault.${fault}`, text) : null}
            {...reveal}
          />
          <PasswordInput
            label={t("password.repeat")}
            autoComplete="new-password"
            name="repeat-password"
            required
            withAsterisk={false}
            size="md"
            value={repeated}
            onChange={(event) => setRepeated(event.currentTarget.value)}
            error={tried && fault === "differs" ? t("password.fault.differs") : null}
            {...reveal}
          />
          <Button type="submit" size="md" loading={change.isPending} mt="xs">
            {t("password.submit")}
          </Button>
          {!forced && (
            <Anchor component={Link} to="/" size="sm" ta="center">
              {t("common:cancel")}
            </Anchor>
          )}
        </Stack>
      </form>
    </AuthFrame>
  );
}
