import { Button, PinInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import type { Visit } from "../api/visit";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { VisitEnd } from "./VisitEnd";
import { VisitFrame } from "./VisitFrame";
import classes from "./visit.module.css";

const DIGITS = 6;

/** Nothing is told before the code, which comes another way than the link. */
export function CodeForm({ visit, onRight }: { visit: Visit; onRight: () => void }) {
  const { t } = useTranslation("visit");
  const say = useProblemText();
  const [code, setCode] = useState("");
  const give = useMutation({ mutationFn: visit.giveCode, onSuccess: onRight, onError: () => setCode("") });
  const { error } = give;
  if (error instanceof ApiError && error.code.startsWith("link-") && error.code !== "link-code-wrong") {
    return <VisitEnd code={error.code} />;
  }
  return (
    <VisitFrame title={t("code.title")}>
      <p className={classes.text}>{t("code.text")}</p>
      <form
        className={classes.steps}
        onSubmit={(event) => {
          event.preventDefault();
          if (code.length === DIGITS) give.mutate(code);
        }}
      >
        <div role="group" aria-label={t("code.label")} className={classes.code}>
          <PinInput
            length={DIGITS}
            type="number"
            size="lg"
            oneTimeCode
            classNames={{ root: classes.digits ?? "" }}
            autoFocus
            placeholder=""
            gap={8}
            aria-label={t("code.label")}
            error={give.isError}
            value={code}
            onChange={setCode}
          />
        </div>
        {give.isError && (
          <Note tone="signal" alert>
            {say(error)}
          </Note>
        )}
        <Button type="submit" size="lg" loading={give.isPending} disabled={code.length < DIGITS}>
          {t("code.go")}
        </Button>
      </form>
    </VisitFrame>
  );
}
