/** What stands on every picture of a patient: whose it is, and which side is where. */
import { useTranslation } from "react-i18next";

import type { StudyDetail } from "../api/types";
import { useLanguage } from "../app/i18n";
import { ageInYears, formatDate, formatPersonName } from "../ui/format";
import type { EdgeLetters } from "./orientation";
import classes from "./viewer.module.css";

export function PatientText({ study }: { study: StudyDetail }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const { patient } = study;
  const age = ageInYears(patient.birth_date, new Date());
  const sex = patient.sex === "M" || patient.sex === "F" || patient.sex === "O" ? t(`sex.${patient.sex}`) : null;
  return (
    <>
      <div className={classes.strong}>{formatPersonName(patient.name, language)}</div>
      <div>{[patient.patient_id, sex, age === null ? null : t("years", { count: age })].filter(Boolean).join(" · ")}</div>
      <div className={classes.faint}>{formatDate(study.study_date)}</div>
    </>
  );
}

export function EdgeText({ letters }: { letters: EdgeLetters | null }) {
  if (letters === null) return null;
  return (["left", "right", "top", "bottom"] as const).map((edge) => (
    <span key={edge} className={classes.edge} data-edge={edge}>
      {letters[edge]}
    </span>
  ));
}
