import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCriticalResults, useCriticalWaiting } from "../api/criticalHooks";
import { usePollMs } from "../api/events";
import { inLanguage, useLanguage } from "../app/i18n";
import { Ago } from "../ui/Ago";
import { Note } from "../ui/Note";
import { PatientLine } from "../ui/PatientLine";
import classes from "./critical.module.css";
import { CriticalCard } from "./CriticalCard";

/** All of a consult, what waits before what is settled. */
export function CriticalResults({ consultId }: { consultId: string }) {
  const results = useCriticalResults(consultId, usePollMs()).data?.results ?? [];
  if (results.length === 0) return null;
  const isSettled = (status: string) => Number(status === "acknowledged" || status === "withdrawn");
  const ordered = [...results].sort((a, b) => isSettled(a.status) - isSettled(b.status));
  return (
    <div className={classes.cards}>
      {ordered.map((one) => (
        <CriticalCard key={one.id} result={one} />
      ))}
    </div>
  );
}

/** Above every worklist: what waits for this user's acknowledgement, or for the other side's. */
export function CriticalWaiting() {
  const { t } = useTranslation("critical");
  const language = useLanguage();
  const waiting = useCriticalWaiting(usePollMs()).data ?? [];
  if (waiting.length === 0) return null;
  return (
    <div className={classes.cards}>
      <Note tone="signal" title={t("waiting", { count: waiting.length })} alert>
        <ul className={classes.waiting}>
          {waiting.map((one) => (
            <li key={one.id}>
              <Link to={`/consults/${one.consult_id}`} className={classes.link}>
                <PatientLine patient={one.patient} />
                <span>{one.finding}</span>
              </Link>
              <span className={`${classes.muted} tabular`}>
                {inLanguage(one.title, language)} · {t(`status.${one.status}`)} · <Ago since={one.raised_at} /> ·{" "}
                {t(one.may_acknowledge ? "yours" : "theirs")}
              </span>
            </li>
          ))}
        </ul>
      </Note>
    </div>
  );
}
