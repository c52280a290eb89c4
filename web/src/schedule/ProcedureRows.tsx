import { Button } from "@mantine/core";
import { IconCalendarTime, IconCircleCheck, IconCircleX, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { ScheduledProcedure } from "../api/types";
import { useLanguage } from "../app/i18n";
import type { Tone } from "../app/theme";
import { formatDate, formatInstant, formatPersonName } from "../ui/format";
import { Tag } from "../ui/Tag";
import { useNow } from "../ui/useNow";
import classes from "./schedule.module.css";

const STATUS: Record<ScheduledProcedure["status"], { tone: Tone; icon: Icon }> = {
  scheduled: { tone: "petrol", icon: IconCalendarTime },
  completed: { tone: "moss", icon: IconCircleCheck },
  cancelled: { tone: "neutral", icon: IconCircleX },
};
const COLUMNS = ["time", "patient", "what", "number", "state"] as const;

export interface ProcedureRowsProps {
  procedures: readonly ScheduledProcedure[];
  /** Study Instance UIDs whose images can be opened. */
  arrived: ReadonlySet<string>;
  onCancel: (procedure: ScheduledProcedure) => void;
}

export function ProcedureRows({ procedures, arrived, onCancel }: ProcedureRowsProps) {
  const { t } = useTranslation("schedule");
  const language = useLanguage();
  const now = useNow();
  if (procedures.length === 0) return null;
  return (
    <>
      <div className={classes.head} aria-hidden>
        {COLUMNS.map((column) => (
          <span key={column}>{t(`column.${column}`)}</span>
        ))}
        <span />
      </div>
      <ul className={classes.rows}>
        {procedures.map((one) => {
          const facts = [
            `${t("common:patientId")} ${one.patient_id}`,
            ...(one.patient_sex === null ? [] : [t(`common:sex.${one.patient_sex}`)]),
            ...(one.patient_birth_date === null ? [] : [formatDate(one.patient_birth_date)]),
          ];
          return (
            <li key={one.id} className={classes.row}>
              <div className={`${classes.time} tabular`}>{formatInstant(one.scheduled_at, now, language)}</div>
              <div className={classes.patient}>
                <div className={classes.name}>{formatPersonName(one.patient_name, language)}</div>
                <div className={`${classes.muted} tabular`}>{facts.join(" · ")}</div>
              </div>
              <div className={classes.what}>
                <div>{[one.modality, one.procedure_description].filter(Boolean).join(" · ")}</div>
                <div className={classes.muted}>
                  {[one.scheduled_station_ae_title ?? t("anyStation"), one.performing_physician_name]
                    .filter(Boolean)
                    .join(" · ")}
                </div>
              </div>
              <div className={`${classes.number} tabular`}>{one.accession_number}</div>
              <div className={classes.state}>
                <Tag {...STATUS[one.status]}>{t(`status.${one.status}`)}</Tag>
              </div>
              <div className={classes.actions}>
                {one.status === "scheduled" && (
                  <Button size="xs" variant="subtle" color="signal" onClick={() => onCancel(one)}>
                    {t("cancel")}
                  </Button>
                )}
                {one.status === "completed" && arrived.has(one.study_instance_uid) && (
                  <Button
                    size="xs"
                    variant="default"
                    component={Link}
                    to={`/studies/${encodeURIComponent(one.study_instance_uid)}`}
                  >
                    {t("openStudy")}
                  </Button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </>
  );
}
