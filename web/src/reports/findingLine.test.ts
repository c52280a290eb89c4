import i18next from "i18next";
import { describe, expect, it } from "vitest";

import type { Finding, Language } from "../api/types";
import en from "../locales/en/findings.json";
import zh from "../locales/zh-CN/findings.json";
import { findingLine } from "./findingLine";

const texts = i18next.createInstance();
await texts.init({
  resources: { en: { findings: en }, "zh-CN": { findings: zh } },
  interpolation: { escapeValue: false },
});
const line = (finding: Finding, language: Language) =>
  findingLine(finding, texts.getFixedT(language, "findings"), language);

const bare = {
  kind: "mass",
  diameter_mm: 14.26,
  long_axis_mm: null,
  short_axis_mm: null,
  volume_mm3: null,
  nodule_type: null,
  location: null,
  comparison: null,
  category: null,
  suggestion: null,
} as unknown as Finding;

const nodule = {
  ...bare,
  kind: "nodule",
  long_axis_mm: 9.04,
  short_axis_mm: 6,
  volume_mm3: 320.4,
  nodule_type: "solid",
  location: { laterality: "right", third: "upper" },
  category: { code: "4A", scheme: "99LUNGRADS", meaning: "", rule: "" },
  suggestion: {
    guideline: { en: "Lung-RADS v2022", zh: "Lung-RADS v2022" },
    condition: { en: "solid, 8 to under 15 mm", zh: "实性，8 至 15 mm 以下" },
    applies: { en: "", zh: "" },
    advice: [],
  },
} as unknown as Finding;

describe("the line of an accepted finding in a report", () => {
  it("has size, place and class with what led to it", () => {
    expect(line(nodule, "en")).toBe(
      "Solid, Lung nodule; 9.0 × 6.0 mm; 320 mm³; right lung, upper third; Lung-RADS v2022 4A (solid, 8 to under 15 mm)",
    );
    expect(line(nodule, "zh-CN")).toContain("；9.0 × 6.0 mm；320 mm³；");
    expect(line(nodule, "zh-CN")).toContain("Lung-RADS v2022 4A (实性，8 至 15 mm 以下)");
  });

  it("says nothing of what is not known", () => {
    expect(line(bare, "en")).toBe("Mass; 14.3 mm");
  });
});
