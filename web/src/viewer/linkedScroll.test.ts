import { describe, expect, it } from "vitest";

import { inCurrent, inPrior, isBeyond, linkedHere, linkOf, nearestIndex, type Link, type Stacked } from "./linkedScroll";

const UP = [0, 0, 1] as const;
const levels = (from: number, step: number, count: number) => Array.from({ length: count }, (_, index) => from + step * index);
const series = (positions: readonly number[] | null, more: Partial<Stacked> = {}): Stacked => ({
  positions,
  normal: UP,
  frameOfReferenceUid: null,
  ...more,
});
const linked = (a: Stacked, b: Stacked): Link => {
  const link = linkOf(a, b);
  if (typeof link === "string") throw new Error(link);
  return link;
};

describe("two series", () => {
  const thin = series(levels(-300, 1, 300), { frameOfReferenceUid: "1.2" });
  const thick = series(levels(-310, 5, 60), { frameOfReferenceUid: "1.2" });

  it("of one frame of reference show the same patient position, to half a slice", () => {
    const link = linked(thin, thick);
    expect(link).toEqual({ direction: 1, offsetMm: 0, basis: "frame-of-reference" });
    for (const mm of thin.positions ?? []) {
      if (mm > -15) continue; // the thick series ends there
      const shown = thick.positions?.[nearestIndex(thick.positions, inPrior(link, mm))] ?? NaN;
      expect(Math.abs(shown - mm)).toBeLessThanOrEqual(2.5);
    }
    expect(nearestIndex(thick.positions ?? [], inPrior(link, -150))).toBe(32);
  });

  it("of different frames start with their upper ends level", () => {
    const other = series(levels(1000, 2, 100));
    const link = linked(thin, other);
    expect(link.basis).toBe("top");
    expect(inPrior(link, -1)).toBe(1198);
    expect(inPrior(link, -11)).toBe(1188);
  });

  it("stacked towards the feet and towards the head run the same way through the patient", () => {
    const down = series(levels(0, 2, 100), { normal: [0, 0, -1] });
    const link = linked(thin, down);
    expect(inPrior(link, -1)).toBe(0);
    expect(inPrior(link, -101)).toBe(100);
    expect(inCurrent(link, inPrior(link, -42))).toBe(-42);
  });

  it("that run front to back start with their middles level", () => {
    const coronal = series(levels(-50, 2, 51), { normal: [0, 1, 0] });
    expect(linked(coronal, series(levels(100, 1, 101), { normal: [0, 1, 0] }))).toMatchObject({ offsetMm: 150, basis: "middle" });
  });

  it("that cross, or have no positions, are not linked", () => {
    expect(linkOf(thin, series(levels(0, 1, 9), { normal: [1, 0, 0] }))).toBe("not-parallel");
    expect(linkOf(thin, series(null))).toBe("no-positions");
    expect(linkOf(thin, series([]))).toBe("no-positions");
  });
});

describe("a link by hand", () => {
  it("keeps those two levels together in both directions", () => {
    for (const direction of [1, -1] as const) {
      const link = linkedHere({ direction, offsetMm: 7, basis: "top" }, -120.5, 33);
      expect(inPrior(link, -120.5)).toBeCloseTo(33);
      expect(inCurrent(link, 33)).toBeCloseTo(-120.5);
    }
  });
});

describe("a level", () => {
  it("beyond the end of a series is known as such, one slice further is not", () => {
    const positions = levels(0, 5, 11);
    expect([isBeyond(positions, -4), isBeyond(positions, 54), isBeyond(positions, -6), isBeyond(positions, 56)]).toEqual([
      false, false, true, true,
    ]);
  });
});
