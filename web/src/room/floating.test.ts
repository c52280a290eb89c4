import { describe, expect, it } from "vitest";

import { moveClear, moveTo, moveWithin, nextCorner, parsePut, putOf, type Put } from "./floating";

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

describe("what floats beside the controls of the picture", () => {
  it("stays where nothing lies under it, and else goes the shortest way to where nothing does", () => {
    expect(moveClear(box(600, 100), AREA, [box(100, 100)]).map(Math.abs)).toEqual([0, 0]);
    expect(moveClear(box(600, 100), AREA, [box(640, 280, 60, 30)])).toEqual([0, -24]);
    expect(moveClear(box(600, 100), AREA, [box(640, 280, 60, 30), box(600, 60, 60, 30)])).toEqual([-114, 0]);
  });

  it("comes into the area first, and covers least where all of it is full", () => {
    expect(moveClear(box(700, 500), AREA, [])).toEqual([-50, -52]);
    expect(moveClear(box(600, 100), AREA, [AREA, box(640, 280, 60, 30)])).toEqual([0, -24]);
  });

  it("lies at the same edge of an area of another size", () => {
    const put = putOf(box(650, 248), AREA);
    expect(put).toEqual([1, 0.5]);
    expect(moveTo(put, box(0, 0), { left: 0, top: 0, right: 300, bottom: 400 })).toEqual([150, 100]);
    expect(putOf(box(0, 48, 900, 700), AREA)).toEqual([0, 0]);
  });

  it("is where it was put, unless that was kept as something else", () => {
    expect(parsePut([1, 0.25].join(" "))).toEqual([1, 0.25]);
    expect([null, "", "1", "2 0", "0 -1", "a b"].map(parsePut)).toEqual(Array(6).fill(null));
  });

  it("goes round by its corners", () => {
    const corners: Put[] = [[0, 0]];
    for (let n = 0; n < 4; n += 1) corners.push(nextCorner(corners[n] ?? [0, 0]));
    expect(corners).toEqual([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]);
  });
});
