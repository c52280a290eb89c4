import { describe, expect, it } from "vitest";

import { curveOf, tableFor, windowOfTable, type Voi, type VoiTable } from "./voi";

const TABLE: VoiTable = { first: 100, shades: [0, 0.1, 0.3, 1], explanation: null };
const ONLY_TABLE: Voi = { function: "LINEAR", tables: [TABLE], hasWindows: false };

describe("a table", () => {
  it("gives each of its values the shade that stands there", () => {
    expect(curveOf(ONLY_TABLE, windowOfTable(TABLE, "LINEAR"))).toEqual([[100, 0], [101, 0.1], [102, 0.3], [103, 1]]);
  });

  it("is stretched with the window where the image has no windows", () => {
    const points = curveOf(ONLY_TABLE, { center: 104, width: 7 });
    expect(points?.map(([, shade]) => shade)).toEqual(TABLE.shades);
    expect(points?.map(([value]) => value)).toEqual([100.5, 102.5, 104.5, 106.5]);
  });

  it("counts beside windows over its own span only", () => {
    const both = { ...ONLY_TABLE, hasWindows: true };
    expect(tableFor(both, windowOfTable(TABLE, "LINEAR"))).toBe(TABLE);
    expect(tableFor(both, { center: 104, width: 7 })).toBeNull();
  });

  it("of 4096 entries keeps its ends and its steps", () => {
    const shades = Array.from({ length: 4096 }, (_, entry) => Number(entry >= 2048));
    const points = curveOf({ ...ONLY_TABLE, tables: [{ first: 0, shades, explanation: null }] }, { center: 2048, width: 4096 });
    expect(points?.[0]).toEqual([0, 0]);
    expect(points?.at(-1)).toEqual([4095, 1]);
    const step = points?.find(([, shade]) => shade === 1)?.[0] ?? 0;
    expect(Math.abs(step - 2048)).toBeLessThan(4);
  });
});

describe("a window", () => {
  const shown = (by: Voi["function"]) => curveOf({ function: by, tables: [], hasWindows: true }, { center: 8, width: 4 });

  it("loses half a value on each side by LINEAR and nothing by LINEAR_EXACT", () => {
    expect(shown("LINEAR")).toEqual([[6, 0], [9, 1]]);
    expect(shown("LINEAR_EXACT")).toEqual([[6, 0], [10, 1]]);
  });

  it("is no line by SIGMOID", () => {
    expect(shown("SIGMOID")).toBeNull();
  });
});
