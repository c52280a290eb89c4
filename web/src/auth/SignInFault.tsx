import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

/** Why signing in failed; nothing where it did not. */
export function SignInFault({ error }: { error: unknown }) {
  const { t } = useTranslation("auth");
  const say = useProblemText();
  if (error === null) return null;
  const wrong = error instanceof ApiError && error.status === 401 && error.sentence === null;
  return (
    <Note tone="signal" alert>
      {wrong ? t("login.wrong") : say(error)}
    </Note>
  );
}
