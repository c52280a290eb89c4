import { useTranslation } from "react-i18next";

import type { ConsentText } from "../api/consentHooks";
import { useLanguage } from "../app/i18n";
import classes from "./consents.module.css";

/** The words that are consented to, in the language of the screen. */
export function ConsentWords({ text }: { text: ConsentText }) {
  const { t } = useTranslation("consent");
  const words = text.words[useLanguage()];
  if (words === undefined) return null;
  return (
    <section className={classes.words} aria-label={words.title}>
      <strong>{words.title}</strong>
      <ul>
        {words.paragraphs.map((paragraph) => (
          <li key={paragraph}>{paragraph}</li>
        ))}
      </ul>
      <div className={classes.muted}>{t("text", { version: text.version })}</div>
    </section>
  );
}
