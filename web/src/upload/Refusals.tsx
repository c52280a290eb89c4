import { useTranslation } from "react-i18next";

import { inLanguage, useLanguage } from "../app/i18n";
import type { Refusal } from "./summary";
import classes from "./upload.module.css";

const PATHS_SHOWN = 200;

/** Files that were not taken, one row for each reason, the file names behind it. */
export function Refusals({ refusals }: { refusals: readonly Refusal[] }) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  return (
    <ul className={classes.list}>
      {refusals.map(({ reason, paths }) => (
        <li key={reason?.code ?? ""} className={classes.refusal} data-testid="refusal" data-code={reason?.code ?? ""}>
          <details open={paths.length <= 3}>
            <summary>
              <strong>{reason === null ? t("refusedUnknown") : inLanguage(reason, language)}</strong>{" "}
              <span className={classes.muted}>{t("files", { count: paths.length })}</span>
            </summary>
            <ul className={classes.paths}>
              {paths.slice(0, PATHS_SHOWN).map((path, index) => (
                <li key={`${index}-${path}`}>{path}</li>
              ))}
              {paths.length > PATHS_SHOWN && <li>{t("moreFiles", { count: paths.length - PATHS_SHOWN })}</li>}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  );
}
