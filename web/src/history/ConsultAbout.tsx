import { useTranslation } from "react-i18next";

import type { Consult } from "../api/types";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import classes from "./history.module.css";

/** What was asked, by whom and of whom. */
export function ConsultAbout({ consult }: { consult: Consult }) {
  const { t } = useTranslation("room");
  const language = useLanguage();
  const people = [
    { label: t("about.asked"), person: consult.requested_by },
    { label: t("about.specialist"), person: consult.specialist },
  ];
  return (
    <dl className={classes.about}>
      <dt>{t("about.question")}</dt>
      <dd>{consult.question}</dd>
      {people.map(
        ({ label, person }) =>
          person !== null && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                {person.display_name} · {institutionName(person.institution, language)}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}
