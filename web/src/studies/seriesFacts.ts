import type { TFunction } from "i18next";

import type { Series } from "../api/types";

export type SeriesFacts = NonNullable<Series["facts"]>;

/** One fact on the series list. `attention`: a reader should see it at once. */
export interface Fact {
  text: string;
  attention?: boolean;
}

const TOLD_PLACES = 6;
const WHOLE_TILT_DEG = 1;

/** A number as people write it: no more digits than it has. */
const short = (value: number, digits = 2): string => String(Number(value.toFixed(digits)));

/** What the gate measured in a series, the most telling first, in the user's words. */
export function factsOf(facts: SeriesFacts, t: TFunction<"seriesFacts">): Fact[] {
  const told: (Fact | null)[] = [
    facts.view ? { text: [facts.laterality ? side(facts.laterality, t) : null, facts.view].filter(Boolean).join(" ") } : null,
    facts.orientation ? { text: t(`orientation.${facts.orientation}`) } : null,
    facts.thickness_mm != null ? { text: t("thickness", { mm: short(facts.thickness_mm) }) } : null,
    facts.spacing_mm != null && facts.spacing_mm !== facts.thickness_mm
      ? { text: t("spacing", { mm: short(facts.spacing_mm) }) }
      : null,
    facts.coverage_mm != null ? { text: t("coverage", { mm: short(facts.coverage_mm, 0) }) } : null,
    facts.kernel ? { text: kernel(facts.kernel, facts.sharpness ?? null, t) } : null,
    facts.has_contrast == null ? null : { text: t(facts.has_contrast ? "contrast" : "noContrast") },
    (facts.missing ?? 0) > 0 ? { text: t("missing", { count: facts.missing ?? 0 }), attention: true } : null,
    (facts.gantry_tilt_deg ?? 0) >= WHOLE_TILT_DEG
      ? { text: t("tilt", { degrees: short(facts.gantry_tilt_deg ?? 0, 1) }), attention: true }
      : null,
    facts.is_lossy ? { text: lossy(facts.lossy_ratio ?? null, t), attention: true } : null,
    facts.is_derived ? { text: t("derived"), attention: true } : null,
  ];
  return told.filter((fact) => fact !== null);
}

/** What there is no room for: pixel, field of view, and where slices are missing. */
export function detailsOf(facts: SeriesFacts, t: TFunction<"seriesFacts">): string {
  const places = facts.missing_at_mm ?? [];
  const shown = places.slice(0, TOLD_PLACES).map((place) => short(place, 1));
  return [
    facts.pixel_spacing_mm ? t("pixel", { mm: facts.pixel_spacing_mm.map((gap) => short(gap, 3)).join(" × ") }) : null,
    facts.reconstruction_diameter_mm != null ? t("field", { mm: short(facts.reconstruction_diameter_mm, 0) }) : null,
    shown.length > 0 ? t("missingAt", { places: shown.join(", ") + (places.length > TOLD_PLACES ? " …" : "") }) : null,
  ]
    .filter(Boolean)
    .join(" · ");
}

function side(laterality: string, t: TFunction<"seriesFacts">): string {
  return laterality === "R" || laterality === "L" || laterality === "B" ? t(`side.${laterality}`) : laterality;
}

function kernel(name: string, sharpness: SeriesFacts["sharpness"] | null, t: TFunction<"seriesFacts">): string {
  return sharpness ? t("kernelOf", { kernel: name, sharpness: t(`sharpness.${sharpness}`) }) : t("kernel", { kernel: name });
}

function lossy(ratio: number | null, t: TFunction<"seriesFacts">): string {
  return ratio !== null && ratio > 1 ? t("lossyBy", { ratio: short(ratio, 1) }) : t("lossy");
}
