import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import classes from "./upload.module.css";
import type { Warning } from "./warnings";

const SERIES_SHOWN = 4;

/** What was noticed about a drop and needs no decision. */
export function Notes({ warnings, leftOut }: { warnings: readonly Warning[]; leftOut: ReadonlySet<string> }) {
  const { t } = useTranslation("upload");
  const said = warnings.flatMap((warning) => {
    if (warning.decides) return [];
    const series = warning.series.filter(({ series_instance_uid }) => !leftOut.has(series_instance_uid));
    return series.length === 0 ? [] : [{ kind: warning.kind, series }];
  });
  if (said.length === 0) return null;
  return (
    <div className={classes.item} data-testid="upload-notes">
      {said.map(({ kind, series }) => (
        <Note key={kind} tone="amber">
          <strong>{t(`warning.${kind}`, { count: series.reduce((sum, { count }) => sum + count, 0) })}</strong>{" "}
          <span className={classes.muted}>
            {series
              .slice(0, SERIES_SHOWN)
              .map(({ name, count }) => `${name} (${count})`)
              .join(t("warning.and"))}
            {series.length > SERIES_SHOWN && " …"}
          </span>
        </Note>
      ))}
    </div>
  );
}
