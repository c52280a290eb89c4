import { describe, expect, it } from "vitest";

import { moveWithin } from "./floating";

const AREA = { left: 0, top: 48, right: 800, bottom: 648 };
const box = (left: number, top: number, width = 150, height = 200) => ({ left, top, right: left + width, bottom: top + height });

describe("what floats over the picture", () => {
  it("moves as far as it is drawn, and not beyond the edges", () => {
    expect(moveWithin(box(600, 100), AREA, [-200, 30])).toEqual([-200, 30]);
    expect(moveWithin(box(600, 100), AREA, [300, 900])).toEqual([50, 348]);
    expect(moveWithin(box(600, 100), AREA, [-900, -900])).toEqual([-600, -52]);
  });

  it("comes back in where the area has become smaller", () => {
    expect(moveWithin(box(700, 500), AREA)).toEqual([-50, -52]);
    expect(moveWithin(box(-228, 100), AREA)).toEqual([228, 0]);
  });

  it("stays where it is within the area, and begins with it where it is larger", () => {
    expect(moveWithin(box(600, 100), AREA).map(Math.abs)).toEqual([0, 0]);
    expect(moveWithin(box(10, 60, 900, 700), AREA)).toEqual([-10, -12]);
  });
});
