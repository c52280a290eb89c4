import { describe, expect, it } from "vitest";

import type { Series } from "../api/types";
import { linkedView, type Pictured } from "./linkedView";
import { intervalOf, likestSeries, positionsOf } from "./priors";

const series = (uid: string, facts: object | null, more: object = {}): Series =>
  ({
    series_instance_uid: uid,
    modality: "CT",
    instances: [{ sop_instance_uid: `${uid}.1`, instance_number: 1, position_mm: 4, number_of_frames: 1 }],
    facts,
    ...more,
  }) as Series;

describe("an interval", () => {
  it("is said in days, months, or years and months", () => {
    expect([0, 60, 61, 426, 730, 1100].map(intervalOf)).toEqual([
      { unit: "days", count: 0 },
      { unit: "days", count: 60 },
      { unit: "months", count: 2 },
      { unit: "months", count: 14 },
      { unit: "years", count: 2, months: 0 },
      { unit: "years", count: 3, months: 0 },
    ]);
  });
});

describe("beside the current series", () => {
  const lung = series("1", { orientation: "axial", sharpness: "lung", thickness_mm: 1 });

  it("stands one of the same plane, kernel and thickness, in this order", () => {
    const coronal = series("2", { orientation: "coronal", sharpness: "lung", thickness_mm: 1 });
    const soft = series("3", { orientation: "axial", sharpness: "soft", thickness_mm: 1 });
    const thick = series("4", { orientation: "axial", sharpness: "lung", thickness_mm: 5 });
    expect(likestSeries(lung, [coronal, soft, thick])?.series_instance_uid).toBe("4");
    expect(likestSeries(lung, [coronal, soft])?.series_instance_uid).toBe("3");
    expect(likestSeries(lung, [series("5", null, { instances: [] })])).toBeNull();
  });

  it("is only linked where each of its images has a position of its own", () => {
    expect(positionsOf(lung)).toEqual([4]);
    const frames = { instances: [{ sop_instance_uid: "1", instance_number: 1, position_mm: 4, number_of_frames: 40 }] };
    expect(positionsOf(series("6", null, frames))).toBeNull();
  });
});

describe("a linked view", () => {
  const plane = (x: number, spacing: number) =>
    ({ position: [x, 0, 0], row: [1, 0, 0], column: [0, 1, 0], spacing: [spacing, spacing] }) as const;
  const picture = (x: number, width: number, spacing: number, scale: number, more: object = {}): Pictured => ({
    view: { zoom: 1, panX: 0, panY: 0 },
    transform: { origin: [0, 0], column: [scale, 0], row: [0, scale] },
    size: { width, height: width },
    spacing: [spacing, spacing],
    plane: plane(x, spacing),
    ...more,
  });

  it("has as many pixels on the screen for each mm", () => {
    const view = linkedView(picture(0, 512, 0.7, 1.4), picture(0, 256, 1, 0.5), true);
    expect((view.zoom * 0.5) / 1).toBeCloseTo(1.4 / 0.7);
  });

  it("puts the same patient point in the middle, wherever the image's corner is", () => {
    const from = picture(0, 101, 1, 1, { view: { zoom: 1, panX: 10, panY: -5 } });
    const view = linkedView(from, picture(-20, 201, 0.5, 1), true);
    expect([view.panX, view.panY]).toEqual([(60 + 20) / 0.5 - 100, 45 / 0.5 - 100]);
  });

  it("without a common frame keeps the distance from the middle in mm", () => {
    const from = picture(0, 101, 1, 1, { view: { zoom: 1, panX: 10, panY: -5 } });
    expect(linkedView(from, picture(999, 201, 0.5, 1), false)).toMatchObject({ panX: 20, panY: -10 });
  });
});
