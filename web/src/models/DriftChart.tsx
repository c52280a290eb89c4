import { useTranslation } from "react-i18next";

import type { ModelReportCard } from "../api/types";
import { useLanguage } from "../app/i18n";
import { at, driftHeight, driftLines, driftTop, HEIGHT, MUCH_DRIFT, PAD, SOME_DRIFT, WIDTH } from "./chart";
import classes from "./models.module.css";

/** The stability index week by week: what the scanners send, and what the model says. */
export function DriftChart({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const language = useLanguage();
  const { weeks } = card;
  const read = card.local[0]?.series ?? 0;
  if (weeks.length === 0) {
    return (
      <section>
        <h3 className={classes.heading}>{t("drift.title")}</h3>
        <p className={classes.muted}>{t("drift.empty", { have: Math.min(read, card.baseline), need: card.baseline })}</p>
      </section>
    );
  }
  const lines = driftLines(weeks);
  const top = driftTop(lines);
  const across = (week: number) => (weeks.length === 1 ? 0.5 : week / (weeks.length - 1));
  const day = (week: (typeof weeks)[number] | undefined) =>
    week === undefined ? "" : new Date(week.monday).toLocaleDateString(language, { month: "short", day: "numeric", timeZone: "UTC" });
  return (
    <section>
      <h3 className={classes.heading}>{t("drift.title")}</h3>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={classes.chart} role="img" aria-label={t("drift.title")}>
        {[0, SOME_DRIFT, MUCH_DRIFT, top].map((mark) => (
          <g key={mark}>
            <line x1={PAD.left} x2={WIDTH - PAD.right} y1={at(0, driftHeight(mark, top)).y} y2={at(0, driftHeight(mark, top)).y} className={classes.mark} data-much={mark === MUCH_DRIFT || undefined} />
            <text x={PAD.left - 5} y={at(0, driftHeight(mark, top)).y + 3.5} className={classes.tick} textAnchor="end">
              {mark}
            </text>
          </g>
        ))}
        <text x={PAD.left} y={HEIGHT - 8} className={classes.tick}>
          {day(weeks[0])}
        </text>
        {weeks.length > 1 && (
          <text x={WIDTH - PAD.right} y={HEIGHT - 8} className={classes.tick} textAnchor="end">
            {day(weeks.at(-1))}
          </text>
        )}
        {lines.map(({ subject, values }, number) => {
          const points = values.flatMap((value, week) => (value === null ? [] : [at(across(week), driftHeight(value, top))]));
          return (
            <g key={subject} className={classes.line} data-number={number}>
              <polyline points={points.map(({ x, y }) => `${x},${y}`).join(" ")} />
              {points.map(({ x, y }) => (
                <circle key={x} cx={x} cy={y} r={2.5} />
              ))}
            </g>
          );
        })}
      </svg>
      <ul className={classes.legend}>
        {lines.map(({ subject, values }, number) => (
          <li key={subject} className={classes.line} data-number={number}>
            <span className={classes.swatch} aria-hidden />
            {t(`subject.${subject}`, { defaultValue: subject })} <span className="tabular">{values.at(-1)?.toFixed(2) ?? "–"}</span>
          </li>
        ))}
      </ul>
      <p className={classes.muted}>{t("drift.text")}</p>
    </section>
  );
}
