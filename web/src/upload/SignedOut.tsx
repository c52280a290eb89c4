import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { noticeSessionIsOver } from "../api/hooks";
import { Note } from "../ui/Note";
import classes from "./upload.module.css";

/** The sign-in ran out in the middle: the password is asked for over the page, and nothing of the upload is lost. */
export function SignedOut() {
  const { t } = useTranslation("upload");
  const client = useQueryClient();
  useEffect(() => {
    noticeSessionIsOver(client);
  }, [client]);
  return (
    <div className={classes.item} data-testid="signed-out">
      <Note tone="amber" title={t("signedOut.title")} alert>
        {t("signedOut.text")}
      </Note>
    </div>
  );
}
