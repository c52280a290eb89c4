import { useTranslation } from "react-i18next";

import type { ModelReportCard } from "../api/types";
import { useLanguage } from "../app/i18n";
import classes from "./models.module.css";

/** The Model Facts label: purpose, mechanism, figures and warnings on one page. */
export function ModelFacts({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const say = useLanguage() === "en" ? "en" : "zh";
  return (
    <details className={classes.facts}>
      <summary>{t("facts")}</summary>
      {card.facts.map((section) => (
        <section key={section.title.en}>
          <h4 className={classes.factsTitle}>{section.title[say]}</h4>
          <dl>
            {section.facts.map((fact) => (
              <div key={fact.label.en}>
                <dt>{fact.label[say]}</dt>
                <dd>{fact.text[say]}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </details>
  );
}
