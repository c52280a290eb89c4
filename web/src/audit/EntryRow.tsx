import { IconAlertTriangle, IconBan } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { AuditEntry } from "../api/auditHooks";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import { Tag } from "../ui/Tag";
import { formatMoment } from "../ui/format";
import { Details } from "./Details";
import classes from "./audit.module.css";
import { actionWords } from "./words";

/** One entry: who, what, whose record, from where, and when. */
export function EntryRow({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation("audit");
  const language = useLanguage();
  const [kind = "", id = ""] = entry.subject.split(/\/(.*)/);
  const details = Object.entries(entry.details).filter(([name]) => name !== "emergency_access");
  return (
    <li className={classes.entry}>
      <div className={`${classes.when} tabular`}>
        <time dateTime={entry.at}>{formatMoment(entry.at)}</time>
        <span className={classes.muted}>
          {t("number", { number: entry.sequence })}
        </span>
      </div>
      <div className={classes.who}>
        <div>{entry.who?.display_name ?? t(`actor.${entry.actor}`, { defaultValue: entry.actor })}</div>
        {entry.who !== null && <div className={classes.muted}>{institutionName(entry.who.institution, language)}</div>}
        {entry.address !== null && <div className={`${classes.muted} tabular`}>{t("from", { address: entry.address })}</div>}
      </div>
      <div className={classes.what}>
        <div className={classes.deed}>
          <span title={entry.action}>{actionWords(entry.action, language)}</span>
          {entry.refused && (
            <Tag tone="signal" icon={IconBan}>
              {t("refused")}
            </Tag>
          )}
          {entry.under_emergency && (
            <Tag tone="amber" icon={IconAlertTriangle}>
              {t("underEmergency")}
            </Tag>
          )}
        </div>
        <div className={classes.muted} title={entry.subject}>
          {[
            entry.patient_number !== null && `${t("common:patientId")} ${entry.patient_number}`,
            `${t(`subject.${kind}`, { defaultValue: kind })}${id === "" ? "" : ` ${id}`}`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
        <Details details={details} />
      </div>
    </li>
  );
}
