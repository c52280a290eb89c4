import { useTranslation } from "react-i18next";

import type { StudySummary } from "../api/types";
import { formatDate } from "../ui/format";
import classes from "./consults.module.css";

export interface StudyChoicesProps {
  studies: readonly StudySummary[];
  chosen: readonly string[];
  onChange: (uids: readonly string[]) => void;
  fault: string | null;
}

/** Which of a patient's studies the consult is about. */
export function StudyChoices({ studies, chosen, onChange, fault }: StudyChoicesProps) {
  const { t } = useTranslation("consult");
  return (
    <fieldset className={classes.fieldset}>
      <legend className={classes.legend}>{t("form.studies")}</legend>
      <div className={classes.choices}>
        {studies.map(({ study_instance_uid: uid, ...study }) => {
          const checked = chosen.includes(uid);
          const title = `${study.modalities.join(" / ")} · ${study.study_description ?? t("study:noDescription")}`;
          return (
            <label key={uid} className={classes.choice} data-checked={checked || undefined} htmlFor={`study-${uid}`}>
              <input
                id={`study-${uid}`}
                type="checkbox"
                checked={checked}
                aria-label={title}
                onChange={() => onChange(checked ? chosen.filter((one) => one !== uid) : [...chosen, uid])}
              />
              <span>
                <span className={classes.choiceTitle}>{title}</span>
                <span className={classes.choiceText}>
                  {[formatDate(study.study_date), t("study:images", { count: study.instance_count })]
                    .filter(Boolean)
                    .join(" · ")}
                </span>
              </span>
            </label>
          );
        })}
      </div>
      {fault !== null && (
        <div className={classes.fault} role="alert">
          {fault}
        </div>
      )}
    </fieldset>
  );
}
