import { useTranslation } from "react-i18next";

import { useLanguage } from "../app/i18n";
import classes from "./audit.module.css";
import { codeOf, said } from "./said";
import { fieldWords } from "./words";

/** Details of an entry in words; the codes, as an export has them, under the pointer. */
export function Details({ details }: { details: readonly (readonly [string, unknown])[] }) {
  const { t } = useTranslation("audit");
  const language = useLanguage();
  if (details.length === 0) return null;
  return (
    <div className={classes.muted}>
      {details.map(([name, value], place) => (
        <span key={name} title={`${name}: ${codeOf(value)}`}>
          {place > 0 && " · "}
          {fieldWords(name, language)}: {said(name, value, language, t)}
        </span>
      ))}
    </div>
  );
}
