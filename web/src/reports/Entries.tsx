import { useTranslation } from "react-i18next";

import type { ReportEntry } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import classes from "./form.module.css";

/** The fields of a signed report, by section, as they were signed. */
export function Entries({ entries }: { entries: readonly ReportEntry[] }) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const headOf = ({ section, row }: ReportEntry) =>
    [section, row].flatMap((words) => (words === null ? [] : [inLanguage(words, language)])).join(" · ");
  const groups = new Map<string, ReportEntry[]>();
  for (const entry of entries) groups.set(headOf(entry), [...(groups.get(headOf(entry)) ?? []), entry]);
  return [...groups].map(([head, members]) => (
    <section key={head} aria-label={head}>
      <h3 className={classes.sectionTitle}>{head}</h3>
      <dl className={classes.entries}>
        {members.map(({ path, label, text, origin, edited }) => (
          <div key={path}>
            <dt>{inLanguage(label, language)}</dt>
            <dd>
              {inLanguage(text, language)}
              {origin !== null && (
                <span className={classes.origin} title={`${origin.model} ${origin.model_version}`}>
                  {t(edited ? "form.editedFrom" : "form.from", { number: origin.finding_number })}
                  {!edited && origin.rule !== null && ` · ${inLanguage(origin.rule, language)}`}
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  ));
}
