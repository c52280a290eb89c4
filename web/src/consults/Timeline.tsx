import { useTranslation } from "react-i18next";

import type { HistoryEntry } from "../api/types";
import { useLanguage } from "../app/i18n";
import { actorName, formatInstant } from "../ui/format";
import classes from "./consults.module.css";

export function Timeline({ history }: { history: readonly HistoryEntry[] }) {
  const { t } = useTranslation("consult");
  const language = useLanguage();
  const listed = new Intl.ListFormat(language, { type: "conjunction" });
  /** What people wrote; of a rung of the ladder, whom it told. */
  const reasonOf = ({ event, reason }: HistoryEntry) =>
    event === "expire"
      ? t("ringing:climbed", {
          who: listed.format((reason ?? "").split(",").map((one) => t(`ringing:audience.${one}`, { defaultValue: one }))),
        })
      : reason;
  return (
    <ol className={classes.timeline}>
      {history.map((entry, index) => (
        <li key={`${entry.at}-${index}`} className={classes.step}>
          <div>
            <strong>{t(`history.${entry.event}`, { defaultValue: entry.event })}</strong>
          </div>
          <div className={`${classes.muted} tabular`}>
            {[formatInstant(entry.at, new Date(), language), actorName(entry.actor)].filter(Boolean).join(" · ")}
          </div>
          {entry.starts_at !== null && (
            <div className={`${classes.stepReason} tabular`}>{formatInstant(entry.starts_at, new Date(), language)}</div>
          )}
          {entry.reason !== null && entry.reason !== "" && <div className={classes.stepReason}>{reasonOf(entry)}</div>}
        </li>
      ))}
    </ol>
  );
}
