import { useTranslation } from "react-i18next";

import type { Finding, Series, StudySummary } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Tag } from "../ui/Tag";
import { detailsOf, factsOf, type SeriesFacts } from "./seriesFacts";
import classes from "./studyPage.module.css";
import { VERDICT } from "./status";
import { SeriesThumbnail } from "./Thumbnail";

export interface SeriesListProps {
  study: StudySummary;
  series: readonly Series[];
  findings: readonly Finding[];
  selectedUid: string | null;
  onSelect: (uid: string) => void;
}

/** The series of a study, each with the gate's verdict on it and why. */
export function SeriesList({ study, series, findings, selectedUid, onSelect }: SeriesListProps) {
  const { t } = useTranslation("study");
  const language = useLanguage();
  if (series.length === 0) return <p className={classes.none}>{t("noSeries")}</p>;
  return (
    <ul className={classes.series}>
      {series.map((one) => {
        const marked = findings.filter(({ series_instance_uid }) => series_instance_uid === one.series_instance_uid).length;
        const look = one.verdict === null ? null : VERDICT[one.verdict];
        return (
          <li key={one.series_instance_uid}>
            <button
              type="button"
              className={classes.seriesItem}
              aria-pressed={one.series_instance_uid === selectedUid}
              onClick={() => onSelect(one.series_instance_uid)}
              data-testid="series"
              data-series={one.series_instance_uid}
            >
              <SeriesThumbnail study={study} series={one} />
              <span className={classes.seriesTitle}>
                {one.modality} · {one.description ?? t("seriesNumber", { number: one.series_number ?? "—" })}
              </span>
              <span className={classes.seriesFacts}>
                {[
                  t("images", { count: one.instance_count }),
                  one.body_part,
                  marked > 0 ? t("findings:count", { count: marked }) : null,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              {one.facts && <Measured facts={one.facts} />}
              {look !== null && one.verdict !== null && (
                <Tag tone={look.tone} icon={look.icon} plain>
                  {t(`verdict.${one.verdict}`)}
                </Tag>
              )}
              {one.verdict !== "usable" &&
                one.reasons.map((reason) => (
                  <span key={reason.code} className={classes.seriesReason}>
                    {inLanguage(reason, language)}
                  </span>
                ))}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** What the gate measured; the rest of it as a tooltip. */
function Measured({ facts }: { facts: SeriesFacts }) {
  const { t } = useTranslation("seriesFacts");
  const told = factsOf(facts, t);
  if (told.length === 0) return null;
  return (
    <span className={classes.seriesFacts} title={detailsOf(facts, t)} aria-label={t("label")} data-testid="series-measured">
      {told.map(({ text, attention }, n) => (
        <span key={text}>
          {n > 0 && " · "}
          {attention === true ? <strong>{text}</strong> : text}
        </span>
      ))}
    </span>
  );
}
