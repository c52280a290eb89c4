import i18next, { type TFunction } from "i18next";
import { beforeAll, describe, expect, it } from "vitest";

import english from "../locales/en/seriesFacts.json";
import chinese from "../locales/zh-CN/seriesFacts.json";
import { detailsOf, factsOf, type SeriesFacts } from "./seriesFacts";

const none: SeriesFacts = {
  missing_at_mm: [],
  is_lossy: false,
  is_derived: false,
  is_localiser: false,
  is_multiframe: false,
};
let en: TFunction<"seriesFacts">;
let zh: TFunction<"seriesFacts">;

beforeAll(async () => {
  const words = i18next.createInstance();
  const resources = { en: { seriesFacts: english }, "zh-CN": { seriesFacts: chinese } };
  await words.init({ resources, lng: "en", interpolation: { escapeValue: false } });
  en = words.getFixedT("en", "seriesFacts");
  zh = words.getFixedT("zh-CN", "seriesFacts");
});

const chest: SeriesFacts = {
  ...none,
  orientation: "axial",
  slices: 96,
  missing: 3,
  missing_at_mm: [-12, -9, -6],
  spacing_mm: 3,
  thickness_mm: 3,
  coverage_mm: 296.9,
  pixel_spacing_mm: [0.564453, 0.564453],
  kernel: "B70f",
  sharpness: "sharp",
  has_contrast: false,
};

describe("facts of a series", () => {
  it("are told in both languages, the missing slices to be seen at once", () => {
    expect(factsOf(chest, en).map(({ text }) => text)).toEqual([
      "Axial",
      "3 mm thick",
      "Covers 297 mm",
      "Kernel B70f (sharp)",
      "Without contrast",
      "3 slices missing",
    ]);
    expect(factsOf(chest, zh).map(({ text }) => text)).toContain("重建算法 B70f（锐利）");
    expect(factsOf(chest, en).filter(({ attention }) => attention)).toHaveLength(1);
    expect(detailsOf(chest, en)).toBe("Pixel 0.564 × 0.564 mm · Missing at -12, -9, -6 mm");
  });

  it("that are not known are not told", () => {
    expect(factsOf(none, en)).toEqual([]);
    expect(detailsOf(none, en)).toBe("");
  });

  it("of a mammogram are its side and view, and of a lossy image how much was lost", () => {
    const breast = { ...none, laterality: "R", view: "MLO", is_lossy: true, lossy_ratio: 12.5 };
    expect(factsOf(breast, en).map(({ text }) => text)).toEqual(["Right MLO", "Compressed with loss, 12.5:1"]);
    expect(factsOf(breast, zh)[0]?.text).toBe("右 MLO");
  });
});
