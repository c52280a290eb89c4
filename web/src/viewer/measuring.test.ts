import i18next, { type TFunction } from "i18next";
import { describe, expect, it, vi } from "vitest";

import en from "../locales/en/viewer.json";
import chinese from "../locales/zh-CN/viewer.json";
import { historyFrom, record, redone, undone } from "./history";
import { calibrationFrom, valueUnitFrom } from "./imageFacts";
import { linesOf, measure, statisticsWithin, type Calibration, type MeasurementKind, type Pixels } from "./measuring";
import type { Point } from "./geometry";

vi.mock("@cornerstonejs/core", () => ({ metaData: {}, utilities: {} }));

const words = i18next.createInstance();
await words.init({ resources: { en: { viewer: en }, "zh-CN": { viewer: chinese } }, lng: "en" });
const wordsIn = (language: string): TFunction<"viewer"> => words.getFixedT(language, "viewer");

const MM: Calibration = { basis: "pixel-spacing", spacing: [0.5, 2] };
const AT_DETECTOR: Calibration = { basis: "imager-pixel-spacing", spacing: [0.1, 0.1] };
const PIXELS: Calibration = { basis: "uncalibrated", spacing: [1, 1] };
/** Every pixel has ten times its column as its value, on an image 100 pixels wide. */
const RAMP: Pixels = { valueAt: (column) => (column < 0 || column >= 100 ? null : column * 10), unit: "HU" };

function told(kind: MeasurementKind, points: readonly Point[], by: Calibration, unit: string | null = "HU", language = "en") {
  const measured = measure(kind, points, by, { ...RAMP, unit });
  return measured === null ? [] : linesOf(measured, "", wordsIn(language));
}

describe("a length", () => {
  const points: readonly Point[] = [[0, 0], [6, 2]];

  it("takes the step between columns and the step between rows for what each is", () => {
    expect(told("length", points, MM)).toEqual(["5.0 mm"]);
  });

  it("says mm at the detector where it rests on the detector's pixels, and never mm where on nothing", () => {
    expect(told("length", points, AT_DETECTOR)).toEqual(["0.6 mm (at detector)"]);
    expect(told("length", points, PIXELS)).toEqual(["6 px (not calibrated)"]);
    expect(told("length", points, PIXELS, "HU", "zh-CN")).toEqual(["6 像素（未校准）"]);
  });
});

it.each(["bidirectional", "ellipse"] as const)("a %s on an image without calibration has no mm", (kind) => {
  const lines = told(kind, [[10, 5], [10, 9], [8, 7], [12, 7]], PIXELS);
  expect(lines[0]).toContain("px (not calibrated)");
  expect(lines.join()).not.toContain("mm");
});

it("the longer of two axes is told first, whichever was drawn first", () => {
  expect(told("bidirectional", [[0, 0], [4, 0], [2, -2], [2, 2]], MM)).toEqual(["8.0 × 2.0 mm"]);
});

it("an angle is measured in the patient, not in pixels that are no squares", () => {
  expect(told("angle", [[4, 0], [0, 0], [4, 1]], MM)).toEqual(["45.0°"]);
  expect(told("angle", [[4, 0], [0, 0]], MM)).toEqual([]);
});

describe("an ellipse", () => {
  it("counts the pixels whose centre it holds, and no others", () => {
    const ellipse = { centre: [10, 7], a: [2, 0], b: [0, 1] } as const;
    expect(statisticsWithin(ellipse, RAMP.valueAt)).toEqual({
      mean: 100,
      deviation: Math.sqrt((2 * 20 ** 2 + 2 * 10 ** 2) / 7),
      least: 80,
      most: 120,
      count: 7,
    });
  });

  it("is the same whichever way round its axes are given", () => {
    const upright = told("ellipse", [[10, 6], [10, 8], [8, 7], [12, 7]], MM);
    expect(upright).toEqual(["Area 6.3 mm²", "Mean 100.0 HU, SD 12.0", "80 to 120 HU"]);
    expect(told("ellipse", [[8, 7], [12, 7], [10, 8], [10, 6]], MM)).toEqual(upright);
  });

  it("leaves out what lies beside the image, and says no values where all of it does", () => {
    expect(told("ellipse", [[0, 6], [0, 8], [-2, 7], [2, 7]], MM)[2]).toBe("0 to 20 HU");
    expect(told("ellipse", [[-50, 6], [-50, 8], [-52, 7], [-48, 7]], MM)).toEqual(["Area 6.3 mm²"]);
  });
});

it("a value without a unit is told as a value, never as HU", () => {
  expect(told("probe", [[12.3, 4.4]], MM)).toEqual(["120 HU", "(12, 4)"]);
  expect(told("probe", [[12.3, 4.4]], MM, null)).toEqual(["Value 120", "(12, 4)"]);
  expect(told("probe", [[120, 4]], MM)).toEqual(["No value here"]);
});

describe("what an image says of its sizes", () => {
  it("is the gap between rows first, as PS3.3 10.7.1.3 writes it", () => {
    expect(calibrationFrom({ PixelSpacing: [2, 0.5] })).toEqual(MM);
  });

  it("is the detector's, where PixelSpacing only repeats it", () => {
    const repeated = { PixelSpacing: [0.1, 0.1], ImagerPixelSpacing: [0.1, 0.1] };
    expect(calibrationFrom(repeated)).toEqual(AT_DETECTOR);
    expect(calibrationFrom({ ...repeated, PixelSpacing: [0.08, 0.08] }).basis).toBe("pixel-spacing");
  });

  it("is nothing, where a size is absent or no size", () => {
    expect(calibrationFrom({}).basis).toBe("uncalibrated");
    expect(calibrationFrom({ PixelSpacing: [0, 0] }).basis).toBe("uncalibrated");
  });
});

it.each([
  [{ Modality: "CT", RescaleIntercept: -1024 }, "HU"],
  [{ Modality: "CT", RescaleIntercept: 0, RescaleType: "US" }, null],
  [{ Modality: "CT", RescaleIntercept: 0, RescaleType: "MGML" }, "mg/ml"],
  [{ Modality: "CT", RescaleIntercept: -1024, ImageType: ["ORIGINAL", "PRIMARY", "LOCALIZER"] }, null],
  [{ Modality: "CT" }, null],
  [{ Modality: "MR", RescaleIntercept: 0 }, null],
  [{ Modality: "PT", RescaleIntercept: 0, Units: "BQML" }, "Bq/ml"],
])("the values of %o are in %s", (attributes, unit) => {
  expect(valueUnitFrom(attributes)).toBe(unit);
});

describe("steps", () => {
  it("come back in the order in which they were undone, until something new is done", () => {
    const three = record(record(historyFrom("a"), "b"), "c");
    expect(undone(undone(three)).present).toBe("a");
    expect(redone(undone(undone(three))).present).toBe("b");
    expect(redone(record(undone(three), "d")).present).toBe("d");
  });

  it("beyond the first and the last change nothing", () => {
    const one = historyFrom("a");
    expect(undone(one)).toBe(one);
    expect(redone(one)).toBe(one);
  });
});
