import { useTranslation } from "react-i18next";

import type { ModelReportCard } from "../api/types";
import { at, HEIGHT, PAD, WIDTH } from "./chart";
import classes from "./models.module.css";

/** Of what was said with a probability of 0.7, seven in ten should be so: on the diagonal. */
export function ReliabilityDiagram({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const bins = card.reliability;
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const start = at(0, 0);
  const end = at(1, 1);
  return (
    <section>
      <h3 className={classes.heading}>{t("reliability.title")}</h3>
      {bins.length === 0 ? (
        <p className={classes.muted}>{t("reliability.empty")}</p>
      ) : (
        <>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={classes.chart} role="img" aria-label={t("reliability.title")}>
            <line x1={start.x} y1={start.y} x2={end.x} y2={end.y} className={classes.mark} />
            <line x1={start.x} y1={start.y} x2={end.x} y2={start.y} className={classes.axis} />
            <line x1={start.x} y1={start.y} x2={start.x} y2={end.y} className={classes.axis} />
            {[0, 0.5, 1].map((mark) => (
              <g key={mark} className={classes.tick}>
                <text x={at(mark, 0).x} y={HEIGHT - 8} textAnchor="middle">
                  {mark}
                </text>
                <text x={PAD.left - 5} y={at(0, mark).y + 3.5} textAnchor="end">
                  {mark}
                </text>
              </g>
            ))}
            <g className={classes.line} data-number={0}>
              <polyline points={bins.map((bin) => at(bin.mean_probability, bin.observed_share)).map(({ x, y }) => `${x},${y}`).join(" ")} />
              {bins.map((bin) => {
                const { x, y } = at(bin.mean_probability, bin.observed_share);
                return (
                  <circle key={bin.mean_probability} cx={x} cy={y} r={2 + 4 * Math.sqrt(bin.count / most)}>
                    <title>{t("reliability.bin", { said: bin.mean_probability.toFixed(2), was: bin.observed_share.toFixed(2), count: bin.count })}</title>
                  </circle>
                );
              })}
            </g>
          </svg>
          <p className={classes.muted}>
            {t("reliability.text")}
            {card.expected_calibration_error !== null && ` ${t("reliability.ece", { value: card.expected_calibration_error.toFixed(3) })}`}
          </p>
        </>
      )}
    </section>
  );
}
