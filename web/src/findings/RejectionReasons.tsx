import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Finding } from "../api/types";
import { isTyping } from "../app/keys";
import { KEYS } from "../app/keyTable";
import classes from "./findings.module.css";
import { REJECTION_REASONS } from "./status";
import type { Decisions } from "./useDecisions";

export interface RejectionReasonsProps {
  finding: Finding;
  decisions: Decisions;
  onDone: () => void;
}

/** Why the finding that was just rejected is none: the very next key may say so; any other key goes its own way. */
export function RejectionReasons({ finding, decisions, onDone }: RejectionReasonsProps) {
  const { t } = useTranslation("findings");
  const say = (index: number) => {
    const reason = REJECTION_REASONS[index];
    if (reason === undefined) return;
    decisions.decide(finding, "rejected", reason);
    onDone();
  };
  const latest = useRef({ say, onDone });
  useEffect(() => {
    latest.current = { say, onDone };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      const index = isTyping(event.target) ? -1 : KEYS.rejection.reasons.findIndex((key) => key === event.key);
      if (index === -1) {
        latest.current.onDone();
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      latest.current.say(index);
    };
    // Before the viewer, whose presets have the same keys.
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, []);
  return (
    <div className={classes.reasons} role="group" aria-label={t("reason.label")} aria-live="polite" data-testid="rejection-reasons">
      <span>{t("reason.why")}</span>
      {REJECTION_REASONS.map((reason, index) => (
        <button key={reason} type="button" aria-keyshortcuts={KEYS.rejection.reasons[index]} onClick={() => say(index)}>
          <span className={classes.kbd} aria-hidden>
            {KEYS.rejection.reasons[index]}
          </span>
          {t(`reason.${reason}`)}
        </button>
      ))}
    </div>
  );
}
