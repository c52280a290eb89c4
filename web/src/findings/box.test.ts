import { describe, expect, it } from "vitest";

import type { Finding } from "../api/types";
import type { Box } from "../viewer/geometry";
import { arrowOnImage, diameterMm, dragged, scaled, sidesMm, stepPx } from "./box";

const SIZE = { width: 100, height: 80 };
const BOX: Box = [10, 20, 30, 60];
const CALIBRATED = { basis: "pixel-spacing", spacing: [0.5, 0.25] } as const;

describe("a box in a reader's hand", () => {
  it("moves the corner, the side or the whole that is held", () => {
    expect(dragged(BOX, "se", [5, -10], SIZE)).toEqual([10, 20, 35, 50]);
    expect(dragged(BOX, "n", [5, -10], SIZE)).toEqual([10, 10, 30, 60]);
    expect(dragged(BOX, "all", [5, -10], SIZE)).toEqual([15, 10, 35, 50]);
  });

  it("neither leaves the image nor turns inside out", () => {
    expect(dragged(BOX, "all", [-50, 90], SIZE)).toEqual([0, 40, 20, 80]);
    expect(dragged(BOX, "nw", [99, 99], SIZE)).toEqual([29, 59, 30, 60]);
    expect(scaled(BOX, 100, SIZE)).toEqual([0, 0, 100, 80]);
    expect(scaled(BOX, 0, SIZE)).toEqual([19.5, 39.5, 20.5, 40.5]);
  });

  it("is measured by the mean of its sides on a slice and by the longer one on a projection", () => {
    const sides = sidesMm(BOX, CALIBRATED);
    expect(sides).toEqual([10, 10]);
    expect(diameterMm({ box_lps_mm: [0, 0, 0, 1, 1, 1] } as Finding, [12, 6])).toBe(9);
    expect(diameterMm({ box_lps_mm: null } as Finding, [12, 6])).toBe(12);
    expect(sidesMm(BOX, { basis: "uncalibrated", spacing: [1, 1] })).toBeNull();
  });

  it("goes by a pixel or half a millimetre, whichever is more, and further with Shift", () => {
    expect(stepPx({ basis: "pixel-spacing", spacing: [0.7, 0.7] }, false)).toBe(1);
    expect(stepPx({ basis: "imager-pixel-spacing", spacing: [0.1, 0.1] }, false)).toBe(5);
    expect(stepPx({ basis: "uncalibrated", spacing: [1, 1] }, true)).toBe(5);
  });

  it("follows an arrow as the screen shows it, also on an image that is turned or mirrored", () => {
    const upright = { origin: [0, 0], column: [2, 0], row: [0, 2] } as const;
    const mirrored = { origin: [0, 0], column: [-2, 0], row: [0, 2] } as const;
    const turned = { origin: [0, 0], column: [0, 2], row: [-2, 0] } as const;
    expect(arrowOnImage("ArrowRight", upright)).toEqual([1, 0]);
    expect(arrowOnImage("ArrowRight", mirrored)).toEqual([-1, 0]);
    expect(arrowOnImage("ArrowDown", turned)).toEqual([1, 0]);
    expect(arrowOnImage("a", upright)).toBeNull();
  });
});
