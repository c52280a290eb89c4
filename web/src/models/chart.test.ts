import { describe, expect, it } from "vitest";

import { at, driftHeight, driftLines, driftTop, HEIGHT, MUCH_DRIFT, PAD, WIDTH } from "./chart";

const week = (psi: Record<string, number>) => ({ monday: "2026-01-05T00:00:00Z", series: 20, psi });

describe("the drift chart", () => {
  it("shows the scores first, then the inputs that moved most", () => {
    const lines = driftLines([week({ scores: 0.01, noise_hu: 0.1, kernel: 0.9, pixel_mm: 0.02, kvp: 0.3 }), week({ noise_hu: 0.4 })]);
    expect(lines.map(({ subject }) => subject)).toEqual(["scores", "kernel", "noise_hu", "kvp"]);
    expect(lines[0]?.values).toEqual([0.01, null]);
  });

  it("has room for the mark from which on drift matters", () => {
    expect(driftTop([])).toBeGreaterThan(MUCH_DRIFT);
    expect(driftTop([{ subject: "kernel", values: [1.23, null] }])).toBeCloseTo(1.3);
  });
});

describe("a value on the drift chart", () => {
  it("stands the higher the larger it is, from the axis to the top", () => {
    const heights = [0, 0.1, 0.25, 2].map((value) => driftHeight(value, 2));
    expect(heights).toEqual([...heights].sort((a, b) => a - b));
    expect([heights[0], heights.at(-1)]).toEqual([0, 1]);
  });
});

describe("places on a chart", () => {
  it("run from the lower left to the upper right and never leave the picture", () => {
    expect(at(0, 0)).toEqual({ x: PAD.left, y: HEIGHT - PAD.bottom });
    expect(at(1, 1)).toEqual({ x: WIDTH - PAD.right, y: PAD.top });
    expect(at(2, -1)).toEqual({ x: WIDTH - PAD.right, y: HEIGHT - PAD.bottom });
  });
});
