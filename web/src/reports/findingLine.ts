/** An accepted finding as a line of a report: what it is, its size and place, its change, its class with the rule. Pure. */
import type { TFunction } from "i18next";

import type { Finding, Language } from "../api/types";
import { GRADED_SCHEMES, volumeText } from "../findings/measures";

/** `t` reads the texts of findings. */
export function findingLine(finding: Finding, t: TFunction<"findings">, language: Language): string {
  const { comparison, location } = finding;
  const known = [
    [finding.nodule_type && t(`measures.nodule_type.${finding.nodule_type}`), t(`kind.${finding.kind}`)]
      .filter(Boolean)
      .join(language === "en" ? ", " : "，"),
    sizeText(finding),
    finding.nodule_type !== null && finding.volume_mm3 !== null ? volumeText(finding.volume_mm3) : null,
    location && [t(`measures.side.${location.laterality}`), location.third && t(`measures.third.${location.third}`)]
      .filter(Boolean)
      .join(language === "en" ? ", " : ""),
    comparison && `${t("measures.comparison", { date: comparison.study_date ?? "" })}: ${t(`measures.change.${comparison.change}`)}`,
    classText(finding, language),
  ];
  return known.filter(Boolean).join(language === "en" ? "; " : "；");
}

function sizeText({ long_axis_mm: long, short_axis_mm: short, diameter_mm: diameter }: Finding): string | null {
  if (long !== null && short !== null) return `${long.toFixed(1)} × ${short.toFixed(1)} mm`;
  return diameter === null ? null : `${diameter.toFixed(1)} mm`;
}

/** The class and what of the guideline led to it, in the reader's words. */
function classText({ category, suggestion }: Finding, language: Language): string | null {
  if (category === null || suggestion === null) return null;
  const grade = GRADED_SCHEMES.has(category.scheme) ? ` ${category.code}` : "";
  const words = language === "en" ? "en" : "zh";
  return `${suggestion.guideline[words]}${grade} (${suggestion.condition[words]})`;
}
