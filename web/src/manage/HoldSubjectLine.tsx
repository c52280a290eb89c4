import { useTranslation } from "react-i18next";

import type { HoldSubject } from "../api/holdHooks";
import { formatDate } from "../ui/format";
import { PatientLine } from "../ui/PatientLine";
import classes from "./manage.module.css";

/** A consult or a study, as words: whose it is, of which day, and what it is about. */
export function HoldSubjectLine({ subject }: { subject: HoldSubject }) {
  const { t } = useTranslation("manage");
  const facts =
    subject.kind === "consult"
      ? [
          t("holds.consult"),
          formatDate(subject.at),
          t(`common:specialty.${subject.specialty}`, { defaultValue: subject.specialty }),
          t(`consult:status.${subject.status}`),
        ]
      : [
          t("holds.study"),
          formatDate(subject.study_date) ?? formatDate(subject.at),
          subject.study_description ?? t("studies.noDescription"),
        ];
  return (
    <>
      <PatientLine patient={subject.patient} full />
      <div className={classes.muted}>{facts.filter((fact) => fact !== null).join(" · ")}</div>
    </>
  );
}
