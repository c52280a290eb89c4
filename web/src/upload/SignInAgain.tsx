import { Button, PasswordInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useLogin, useMe } from "../api/hooks";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./upload.module.css";

/** The sign-in ran out in the middle: here the same user signs in again and nothing of the upload is lost. */
export function SignInAgain() {
  const { t } = useTranslation("upload");
  const me = useMe();
  const login = useLogin();
  const say = useProblemText();
  const [password, setPassword] = useState("");
  const username = me.data?.username;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (username !== undefined) login.mutate({ username, password });
  };
  return (
    <div className={classes.item} data-testid="sign-in-again">
      <Note tone="amber" title={t("signedOut.title")} alert>
        <div>{t("signedOut.text")}</div>
        {login.isError && <div role="alert">{say(login.error)}</div>}
        {username !== undefined && (
          <form className={classes.signIn} onSubmit={submit}>
            <PasswordInput
              size="xs"
              label={t("signedOut.password", { username })}
              autoComplete="current-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" size="xs" loading={login.isPending}>
              {t("signedOut.submit")}
            </Button>
          </form>
        )}
      </Note>
    </div>
  );
}
