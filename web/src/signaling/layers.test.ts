import { describe, expect, it } from "vitest";

import { encodingsOf, LAYERS, ridFor } from "./layers";

const ALL = new Set(LAYERS.map(({ rid }) => rid));
const FULL = { maxBps: 2_250_000, framesPerSecond: 30 };

const sent = (cameraPx: number, limits: { maxBps: number; framesPerSecond: number } | null = FULL, wanted: ReadonlySet<string> = ALL) =>
  encodingsOf(cameraPx, limits, wanted)
    .filter(({ active }) => active)
    .map(({ rid, scaleResolutionDownBy }) => `${rid} ${Math.round(cameraPx / scaleResolutionDownBy)}`);

describe("a name stands for a size, whatever the camera", () => {
  it.each([
    [1_920, ["q 320", "h 640", "f 1280"]],
    [1_280, ["q 320", "h 640", "f 1280"]],
    [960, ["q 320", "h 640", "f 960"]],
    [640, ["q 320", "h 640"]],
    [480, ["q 320", "h 480"]],
    [320, ["q 320"]],
  ])("%i pixels", (cameraPx, expected) => {
    expect(sent(cameraPx)).toEqual(expected);
  });
});

describe("what the line bears", () => {
  it("takes the largest size first and the smallest last", () => {
    expect(sent(1_280, { maxBps: 1_000_000, framesPerSecond: 30 })).toEqual(["q 320", "h 640"]);
    expect(sent(1_280, { maxBps: 120_000, framesPerSecond: 10 })).toEqual(["q 320"]);
    expect(sent(1_280, null)).toEqual([]);
  });

  it.each([120_000, 400_000, 900_000, 1_400_000, 2_250_000])("is not more than %i for all sizes together", (maxBps) => {
    const active = encodingsOf(1_280, { maxBps, framesPerSecond: 30 }, ALL).filter((one) => one.active);
    expect(active.reduce((sum, { maxBitrate }) => sum + maxBitrate, 0)).toBeLessThanOrEqual(maxBps);
  });
});

it("what nobody watches is paused, and its share goes to the others", () => {
  expect(sent(1_280, FULL, new Set(["q", "f"]))).toEqual(["q 320", "f 1280"]);
  expect(sent(1_280, { maxBps: 750_000, framesPerSecond: 30 }, new Set(["f"]))).toEqual(["f 1280"]);
});

it("a window gets the smallest size that fills it", () => {
  expect([0, 150, 320, 321, 640, 641, 4_000].map(ridFor)).toEqual([null, "q", "q", "h", "h", "f", "f"]);
});
