import { useTranslation } from "react-i18next";

import type { Finding } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatPercent } from "../ui/format";
import classes from "./findings.module.css";
import { doublingTime, GRADED_SCHEMES, volumeText } from "./measures";

/** What was measured of a finding, what it was before, and what a guideline suggests. */
export function Measures({ finding }: { finding: Finding }) {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  const { comparison, location, suggestion } = finding;
  const doubling = comparison === null ? null : doublingTime(comparison);
  const rows: [string, string | null][] = [
    [
      t("measures.size"),
      finding.long_axis_mm === null || finding.short_axis_mm === null
        ? null
        : `${finding.long_axis_mm.toFixed(1)} × ${finding.short_axis_mm.toFixed(1)} mm`,
    ],
    [
      t("measures.volume"),
      finding.volume_mm3 === null || finding.nodule_type === null
        ? null
        : [
            volumeText(finding.volume_mm3),
            finding.volume_error === null
              ? ""
              : t("measures.error", { percent: formatPercent(finding.volume_error) }),
          ].join(" "),
    ],
    [
      t("measures.type"),
      finding.nodule_type === null
        ? null
        : [
            t(`measures.nodule_type.${finding.nodule_type}`),
            finding.solid_diameter_mm === null
              ? ""
              : `(${t("measures.solidPart", { mm: finding.solid_diameter_mm.toFixed(1) })})`,
          ].join(" "),
    ],
    [
      t("measures.place"),
      location === null
        ? null
        : [t(`measures.side.${location.laterality}`), location.third && t(`measures.third.${location.third}`)]
            .filter(Boolean)
            .join(language === "en" ? ", " : ""),
    ],
    [
      t("measures.pleura"),
      finding.distance_to_pleura_mm === null
        ? null
        : finding.distance_to_pleura_mm < 1
          ? t("measures.touches")
          : `${finding.distance_to_pleura_mm.toFixed(0)} mm`,
    ],
    [
      t("measures.nipple"),
      finding.distance_to_nipple_mm === null
        ? null
        : t("measures.estimated", { mm: finding.distance_to_nipple_mm.toFixed(0) }),
    ],
    [
      t("measures.comparison", { date: comparison?.study_date ?? "" }),
      comparison === null
        ? null
        : [
            t(`measures.change.${comparison.change}`),
            comparison.diameter_mm === null
              ? ""
              : `(${t("measures.prior")} ${comparison.diameter_mm.toFixed(1)} mm)`,
          ].join(" "),
    ],
    [t("measures.doubling"), doubling === null ? null : t(`measures.${doubling.key}`, doubling)],
  ];
  const known = rows.filter(([, value]) => value !== null);
  if (known.length === 0 && suggestion === null) return null;
  return (
    <>
      {known.length > 0 && (
        <dl className={classes.provenance} data-testid="measures">
          {known.map(([label, value]) => (
            <div key={label} className={classes.measure}>
              <dt>{label}</dt>
              <dd className="tabular">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {suggestion !== null && finding.category !== null && (
        <div className={classes.suggestion} data-testid="suggestion">
          <strong>
            {t("measures.suggestion")}: {inLanguage(suggestion.guideline, language)}
            {GRADED_SCHEMES.has(finding.category.scheme) && ` ${finding.category.code}`}
          </strong>
          <p>{inLanguage(suggestion.condition, language)}</p>
          {suggestion.advice.map((advice) => (
            <p key={advice.text.en}>
              {advice.applies_to !== null && <b>{inLanguage(advice.applies_to, language)}: </b>}
              {inLanguage(advice.text, language)}
            </p>
          ))}
          <p className={classes.applies}>{inLanguage(suggestion.applies, language)}</p>
        </div>
      )}
    </>
  );
}
