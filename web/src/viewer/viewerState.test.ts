import { describe, expect, it } from "vitest";

import { canvasShift, imageToCanvas, toCanvas, viewOf } from "./geometry";
import {
  latestPerFrame,
  rangeOfWindow,
  toPresentation,
  toShownImage,
  toViewerState,
  windowOfRange,
  type Presentation,
} from "./viewerState";

const PLACE = { studyInstanceUid: "1.2", seriesInstanceUid: "1.2.3", sopInstanceUid: "1.2.3.4", frame: 0 };
const LUNG: Presentation = {
  window: { center: -600, width: 1500 },
  view: { zoom: 2.5, panX: -12.25, panY: 40 },
  turn: { rotation: 270, flip: true },
  invert: false,
};

/** A frame that comes when the test says so. */
function frames() {
  const waiting: (() => void)[] = [];
  return {
    request: (run: () => void) => waiting.push(run),
    drop: () => void waiting.splice(0),
    next: () => waiting.splice(0).forEach((run) => run()),
  };
}

describe("a viewer state", () => {
  it("comes back as the presentation that it was made from", () => {
    expect(toPresentation(toViewerState(toShownImage(PLACE, LUNG), null))).toEqual(LUNG);
  });

  it("carries the finding that is looked at", () => {
    expect(toViewerState(toShownImage(PLACE, LUNG), "f1").findingId).toBe("f1");
  });

  it("never asks a viewport for a window without width or a zoom out of range", () => {
    const state = { ...toViewerState(toShownImage(PLACE, LUNG), null), windowWidth: 0, zoom: 1e6 };
    expect(toPresentation(state).window.width).toBe(1);
    expect(toPresentation(state).view.zoom).toBe(30);
  });
});

describe("a window", () => {
  it("runs from -1350 to 149 for the lung, by PS3.3 C.11.2.1.2.1", () => {
    expect(rangeOfWindow({ center: -600, width: 1500 })).toEqual({ lower: -1350, upper: 149 });
  });

  it.each([1, 2, 350.5, 4096])("of width %d survives the way to a range and back", (width) => {
    expect(windowOfRange(rangeOfWindow({ center: 40, width }))).toEqual({ center: 40, width });
  });
});

describe("a pan", () => {
  const image = { width: 512, height: 400 };

  it.each([
    [{ width: 800, height: 600 }, 1.5],
    [{ width: 390, height: 420 }, 0.76],
  ])("puts the same image point in the middle of a canvas of any size", (canvas, scale) => {
    const fitted = imageToCanvas([10, 20], [10 + scale, 20], [10, 20 + scale]);
    const wanted = { zoom: 1, panX: -83, panY: 31.5 };
    const [dx, dy] = canvasShift(fitted, canvas, image, wanted);
    const moved = { ...fitted, origin: [fitted.origin[0] + dx, fitted.origin[1] + dy] as const };
    expect(viewOf(moved, canvas, image).panX).toBeCloseTo(-83, 6);
    expect(viewOf(moved, canvas, image).panY).toBeCloseTo(31.5, 6);
    expect(toCanvas(moved, [255.5 - 83, 199.5 + 31.5])[0]).toBeCloseTo(canvas.width / 2, 6);
  });
});

describe("states that come faster than frames", () => {
  it("are delivered once a frame, the latest only", () => {
    const { request, drop, next } = frames();
    const delivered: number[] = [];
    const gate = latestPerFrame((value: number) => delivered.push(value), request, drop);
    gate(1);
    gate(2);
    gate(3);
    expect(delivered).toEqual([]);
    next();
    gate(4);
    next();
    expect(delivered).toEqual([3, 4]);
  });

  it("are dropped when the viewer goes away", () => {
    const { request, drop, next } = frames();
    const delivered: number[] = [];
    const gate = latestPerFrame((value: number) => delivered.push(value), request, drop);
    gate(1);
    gate.cancel();
    next();
    expect(delivered).toEqual([]);
  });
});
