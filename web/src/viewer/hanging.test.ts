import { describe, expect, it } from "vitest";

import { toCanvas, UPRIGHT, type Size } from "./geometry";
import {
  ALIGNED,
  fittingScale,
  hang,
  matrixOf,
  PANES,
  placeIn,
  sideOf,
  suitsHanging,
  turnFor,
  viewIn,
  type Hung,
  type Mammogram,
  type PaneName,
} from "./hanging";
import { lettersFromPatientOrientation, lettersOnCanvas } from "./orientation";

/** As the four views come from a unit that stores them ready to hang. */
const READY: Readonly<Record<PaneName, readonly string[]>> = {
  "R-CC": ["P", "L"],
  "L-CC": ["A", "R"],
  "R-MLO": ["P", "FL"],
  "L-MLO": ["A", "FR"],
};
const PANE: Size = { width: 400, height: 500 };

function image(pane: PaneName, more: Partial<Mammogram> = {}): Mammogram {
  const [side, view] = pane.split("-") as ["R" | "L", string];
  return {
    sopInstanceUid: `1.${PANES.indexOf(pane)}`,
    seriesInstanceUid: "1",
    side,
    view,
    kind: "plain",
    orientation: READY[pane],
    size: { width: 1000, height: 2000 },
    spacing: [0.1, 0.1],
    acquiredAt: "20260105 090000",
    ...more,
  };
}

const hung = (pane: PaneName, more: Partial<Mammogram> = {}): Hung => {
  const one = image(pane, more);
  return { image: one, turn: turnFor(pane, one.orientation) ?? UPRIGHT, side: sideOf(pane) };
};

/** Where the chest wall's edge and the middle of an image's height are in its pane, in CSS pixels. */
function chestWallIn(pane: PaneName, { image: one, turn }: Hung, placing: ReturnType<typeof placeIn>) {
  const { column, row } = matrixOf(turn);
  const scale = placing.pixelsPerColumn;
  const onScreen = (x: number, y: number) => {
    const [dx, dy] = toCanvas({ origin: [0, 0], column, row }, [x - placing.panX, y - placing.panY]);
    return [PANE.width / 2 + dx * scale, PANE.height / 2 + dy * scale] as const;
  };
  const xs = [onScreen(-one.size.width / 2, 0)[0], onScreen(one.size.width / 2, 0)[0]];
  return { wall: sideOf(pane) === "R" ? Math.max(...xs) : Math.min(...xs), middle: onScreen(0, 0)[1] };
}

describe("four views", () => {
  it("hang each in its own pane, the right breast's apart from the left's", () => {
    const { panes, others } = hang(PANES.map((pane) => image(pane)).reverse());
    for (const pane of PANES) expect(panes[pane].map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([image(pane).sopInstanceUid]);
    expect(others).toEqual([]);
  });

  it("suit a hanging, in whatever series they came; one view alone does not", () => {
    const apart = PANES.map((pane, at) => image(pane, { seriesInstanceUid: `1.${at}` }));
    expect(suitsHanging(apart)).toBe(true);
    expect(suitsHanging(PANES.map((pane) => image(pane)))).toBe(true);
    expect(suitsHanging([image("R-CC"), image("R-MLO")])).toBe(true);
    expect(suitsHanging([image("R-CC"), image("R-CC", { sopInstanceUid: "2" })])).toBe(false);
    expect(suitsHanging([image("R-CC", { view: "ML" }), image("L-CC", { view: null })])).toBe(false);
  });

  it("that were taken twice show the newer one, and keep the older", () => {
    const newer = image("R-CC", { sopInstanceUid: "2", acquiredAt: "20260105 090500" });
    expect(hang([image("R-CC"), newer]).panes["R-CC"].map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(["2", "1.0"]);
  });

  it("show the plain image before an implant displaced, a spot and a raw one, however new those are", () => {
    const kinds = ["raw", "part", "implant-displaced"] as const;
    const images = [image("L-MLO"), ...kinds.map((kind) => image("L-MLO", { kind, acquiredAt: "20270101 0" }))];
    expect(hang(images).panes["L-MLO"].map(({ kind }) => kind)).toEqual(["plain", "implant-displaced", "part", "raw"]);
  });

  it("leave no image out, whatever it is", () => {
    const odd = [image("R-CC", { side: null }), image("R-CC", { view: "ML" }), image("L-CC", { view: null })];
    const { panes, others } = hang([...odd, image("L-CC")]);
    expect(others).toHaveLength(3);
    expect(PANES.flatMap((pane) => panes[pane])).toHaveLength(1);
  });
});

describe("an image", () => {
  it("that was stored ready to hang stays as it is", () => {
    for (const pane of PANES) expect(turnFor(pane, READY[pane])).toEqual(UPRIGHT);
  });

  it.each(PANES)("%s hangs with its chest wall inwards however it was stored", (pane) => {
    const letters = lettersFromPatientOrientation(READY[pane]);
    if (letters === null) throw new Error("no letters");
    for (const rotation of [0, 90, 180, 270] as const) {
      for (const flip of [false, true]) {
        const stored = lettersOnCanvas(letters, matrixOf({ rotation, flip }));
        const turn = turnFor(pane, [stored.right, stored.bottom]);
        if (turn === null) throw new Error("no turn");
        const back = lettersFromPatientOrientation([stored.right, stored.bottom]);
        expect(back && lettersOnCanvas(back, matrixOf(turn))).toEqual(letters);
      }
    }
  });

  it("of a right breast whose rows run to the front is mirrored, not turned", () => {
    expect(turnFor("R-MLO", ["A", "F"])).toEqual({ rotation: 0, flip: true });
    expect(turnFor("R-CC", ["A", ""])).toEqual({ rotation: 0, flip: true });
  });

  it("that does not say how it lies is not turned", () => {
    expect(turnFor("R-CC", [])).toBeNull();
    expect(turnFor("R-CC", ["", ""])).toBeNull();
  });
});

describe("images of different sizes", () => {
  const views = [
    hung("R-CC"),
    hung("L-CC", { orientation: ["P", "R"], size: { width: 2400, height: 3000 }, spacing: [0.05, 0.05] }),
    hung("R-MLO", { size: { width: 2294, height: 1914 }, spacing: [0.094, 0.094] }),
    hung("L-MLO", { orientation: ["P", "HL"] }),
  ];

  it("all fit into their panes, the largest just so", () => {
    const scale = fittingScale(views, PANE);
    expect(scale).toBeCloseTo(Math.min(400 / 100, 500 / 200, 400 / 120, 500 / 150, 400 / (2294 * 0.094)));
  });

  it("have one scale in mm and their chest walls on the pane's inner edge", () => {
    const scale = fittingScale(views, PANE);
    for (const [index, pane] of PANES.entries()) {
      const view = views[index];
      if (view === undefined) throw new Error(pane);
      const placing = placeIn(PANE, view, ALIGNED, scale);
      expect(placing.pixelsPerColumn / (view.image.spacing?.[0] ?? 1)).toBeCloseTo(scale);
      const { wall, middle } = chestWallIn(pane, view, placing);
      expect(wall).toBeCloseTo(sideOf(pane) === "R" ? PANE.width : 0);
      expect(middle).toBeCloseTo(PANE.height / 2);
    }
  });

  it("show the same depth in mirrored directions when one of them is moved", () => {
    const scale = fittingScale(views, PANE);
    for (const view of views) {
      const moved = { zoom: 3, depthMm: 42, downMm: -7.5 };
      const seen = viewIn(view, placeIn(PANE, view, moved, scale), scale);
      expect(seen.zoom).toBeCloseTo(3);
      expect(seen.depthMm).toBeCloseTo(42);
      expect(seen.downMm).toBeCloseTo(-7.5);
    }
  });
});
