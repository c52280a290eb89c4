import { useTranslation } from "react-i18next";

import type { Preset } from "./presets";

/** Explanations that mammography units write; others are shown as they are. */
const KNOWN = { NORMAL: "voi.normal", HARDER: "voi.harder", SOFTER: "voi.softer" } as const;

const isKnown = (word: string): word is keyof typeof KNOWN => word in KNOWN;

/** A preset's name in the user's language. */
export function usePresetName(): (preset: Preset) => string {
  const { t } = useTranslation("viewer");
  return ({ explanation, name, key }) => {
    const word = explanation?.trim().toUpperCase() ?? "";
    if (isKnown(word)) return t(KNOWN[word]);
    return explanation ?? (name === null ? key : t(`preset.${name}`));
  };
}
