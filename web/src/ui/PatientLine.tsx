import { useTranslation } from "react-i18next";

import type { PatientRef } from "../api/types";
import { useLanguage } from "../app/i18n";
import { ageInYears, formatDate, formatPersonName } from "./format";
import classes from "./ui.module.css";

/** The words for a DICOM patient sex; anything else stays out of the line. */
const SEX_KEYS: Readonly<Record<string, "sex.M" | "sex.F" | "sex.O">> = { M: "sex.M", F: "sex.F", O: "sex.O" };

export interface PatientLineProps {
  patient: PatientRef;
  /** The whole identity: birth date too, as on a banner. */
  full?: boolean;
}

export function PatientLine({ patient, full = false }: PatientLineProps) {
  const { t } = useTranslation();
  const language = useLanguage();
  const sexKey = SEX_KEYS[patient.sex ?? ""];
  const age = ageInYears(patient.birth_date, new Date());
  const facts = [
    sexKey === undefined ? null : t(sexKey),
    age === null ? null : t("years", { count: age }),
    full ? formatDate(patient.birth_date) : null,
  ].filter((fact) => fact !== null);
  return (
    <span className={classes.patient}>
      <span className={classes.patientName}>{formatPersonName(patient.name, language)}</span>
      {facts.length > 0 && <span className={classes.patientFact}>{facts.join(" · ")}</span>}
      <span className={`${classes.patientFact} tabular`}>
        {t("patientId")} {patient.patient_id}
      </span>
    </span>
  );
}
