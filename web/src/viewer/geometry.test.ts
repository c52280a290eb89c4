import { describe, expect, it } from "vitest";

import type { Finding } from "../api/types";
import { markLabel, markOn, type Plane } from "./findingOnSlice";
import {
  atLeast,
  bracketPath,
  boxOnCanvas,
  imageToCanvas,
  isOnImage,
  mirrored,
  rotated,
  toCanvas,
  toImage,
  turnOf,
  UPRIGHT,
  upsideDown,
  type ImageToCanvas,
  type Turn,
} from "./geometry";
import {
  directionLetters,
  lettersFromCosines,
  lettersFromPatientOrientation,
  lettersOnCanvas,
  opposite,
} from "./orientation";
import { presetsFor } from "./presets";
import { outwards } from "./slices";

const ROTATED = imageToCanvas([100, 50], [100.6, 50.8], [99.2, 50.6]);

/** The axial slice of the test chest nearest to the mass: LPS, 0.564 mm pixels. */
const AXIAL: Plane = {
  position: [-143.2177734375, -287.2177734375, -195],
  row: [1, 0, 0],
  column: [0, 1, 0],
  spacing: [0.564453125, 0.564453125],
};

function aFinding(part: Partial<Finding> = {}): Finding {
  return {
    id: "f1",
    kind: "nodule",
    probability: 0.934,
    threshold: 0.5,
    study_instance_uid: "1",
    series_instance_uid: "1.1",
    sop_instance_uid: "1.1.31",
    centre_lps_mm: [-83, -192, -195],
    box_lps_mm: [-95, -204, -207, -71, -180, -183],
    box_px: [85, 147, 128, 190],
    diameter_mm: 21.2,
    model: "lung_nodule_ct",
    model_version: "0.1.0",
    weights_sha256: "00",
    volume_mm3: 4210,
    long_axis_mm: 23.1,
    short_axis_mm: 19.3,
    category: null,
    suggestion: null,
    nodule_type: null,
    solid_diameter_mm: null,
    volume_error: null,
    location: null,
    distance_to_pleura_mm: null,
    distance_to_nipple_mm: null,
    comparison: null,
    frame_number: null,
    by_model: null,
    status: "preliminary",
    decided_by: null,
    decided_at: null,
    decision_reason: null,
    version: 1,
    ...part,
  };
}
const aSlice = (sop: string, z: number) => ({
  sopInstanceUid: sop,
  seriesInstanceUid: "1.1",
  plane: { ...AXIAL, position: [AXIAL.position[0], AXIAL.position[1], z] as const },
});

describe("an image point", () => {
  it.each([
    [0, 0],
    [511, 3.5],
    [-20, 700],
  ])("(%d, %d) comes back from the canvas, turned and scaled", (x, y) => {
    const back = toImage(ROTATED, toCanvas(ROTATED, [x, y]));
    expect(back?.[0]).toBeCloseTo(x, 8);
    expect(back?.[1]).toBeCloseTo(y, 8);
  });

  it("cannot be found on a flat transform", () => {
    expect(toImage(imageToCanvas([0, 0], [1, 1], [2, 2]), [5, 5])).toBeNull();
  });

  it("lies on the image up to half a pixel beyond the outer centres", () => {
    const size = { width: 512, height: 512 };
    expect(isOnImage([-0.5, 511.49], size)).toBe(true);
    expect(isOnImage([511.5, 0], size)).toBe(false);
  });
});

describe("a box", () => {
  it("covers its outer pixels whole", () => {
    const doubled = imageToCanvas([1, 1], [3, 1], [1, 3]);
    expect(boxOnCanvas(doubled, [10, 20, 13, 21])).toEqual([20, 40, 26, 42]);
  });

  it("stays visible when it is tiny, about the same centre", () => {
    expect(atLeast([10, 10, 12, 30], 20)).toEqual([1, 10, 21, 30]);
  });

  it("is drawn as four brackets that never cross", () => {
    expect(bracketPath([0, 0, 10, 40], 12)).toBe("M0 12V0H5M5 0H10V12M10 28V40H5M5 40H0V28");
  });
});

describe("a finding", () => {
  it("is solid on its own slice, dashed on slices that its box passes, absent elsewhere", () => {
    expect(markOn(aFinding(), aSlice("1.1.31", -195))?.section).toBe("central");
    expect(markOn(aFinding(), aSlice("1.1.34", -186))?.section).toBe("through");
    expect(markOn(aFinding(), aSlice("1.1.36", -180))).toBeNull();
  });

  it("belongs to its own series only", () => {
    expect(markOn(aFinding(), { ...aSlice("1.1.31", -195), seriesInstanceUid: "1.2" })).toBeNull();
  });

  it("without pixels is projected from the patient's coordinates", () => {
    const box = markOn(aFinding({ box_px: null }), aSlice("1.1.31", -195))?.box ?? [0, 0, 0, 0];
    expect((box[0] + box[2]) / 2).toBeCloseTo((-83 + 143.2177734375) / 0.564453125 + 0.5, 6);
    expect((box[1] + box[3]) / 2).toBeCloseTo((-192 + 287.2177734375) / 0.564453125 + 0.5, 6);
  });

  it("on a mammogram needs no plane", () => {
    const finding = aFinding({ box_lps_mm: null, centre_lps_mm: null });
    expect(markOn(finding, { sopInstanceUid: "1.1.31", seriesInstanceUid: "1.1", plane: null })?.box).toEqual([
      85, 147, 128, 190,
    ]);
  });

  it("is labelled with probability and size", () => {
    expect(markLabel(aFinding())).toBe("AI 93% · 21 mm");
    expect(markLabel(aFinding({ diameter_mm: null }))).toBe("AI 93%");
  });
});

describe("orientation letters", () => {
  it("put the patient's right at the left of an axial slice, the front on top", () => {
    expect(lettersFromCosines([1, 0, 0], [0, 1, 0])).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
  });

  it("name a slight tilt by its main axis and a strong one by two", () => {
    expect(directionLetters([0.97, 0.05, -0.24])).toBe("L");
    expect(directionLetters([0.8, 0, -0.6])).toBe("LF");
  });

  it("come from PatientOrientation on a projection", () => {
    expect(lettersFromPatientOrientation(["P", "FL"])).toEqual({ left: "A", right: "P", top: "HR", bottom: "FL" });
    expect(lettersFromPatientOrientation([])).toBeNull();
  });

  it("follow the picture when it is turned and mirrored", () => {
    const axial = lettersFromCosines([1, 0, 0], [0, 1, 0]);
    const at = (turn: Turn) => lettersOnCanvas(axial, laid(turn));
    expect(at(UPRIGHT)).toEqual(axial);
    expect(at(rotated(UPRIGHT, 90))).toEqual({ left: "P", right: "A", top: "R", bottom: "L" });
    expect(at(mirrored(UPRIGHT))).toEqual({ left: "L", right: "R", top: "A", bottom: "P" });
    expect(at(upsideDown(UPRIGHT))).toEqual({ left: "R", right: "L", top: "P", bottom: "A" });
    expect(at(rotated(mirrored(UPRIGHT), 90))).toEqual({ left: "P", right: "A", top: "L", bottom: "R" });
  });

  it("have an opposite of the opposite", () => {
    for (const letters of ["L", "AF", "HRP"]) expect(opposite(opposite(letters))).toBe(letters);
  });
});

/** What a turn does to an image of 2 CSS pixels a pixel. */
function laid({ rotation, flip }: Turn): ImageToCanvas {
  const [cos, sin] = [Math.cos((rotation * Math.PI) / 180), Math.sin((rotation * Math.PI) / 180)];
  const across = flip ? -2 : 2;
  return imageToCanvas([0, 0], [across * cos, across * sin], [-2 * sin, 2 * cos]);
}
const TURNS = [0, 90, 180, 270].flatMap((rotation) =>
  [false, true].map((flip) => ({ rotation, flip }) as Turn),
);

describe("a picture that is turned", () => {
  it.each(TURNS)("to %o is read back from its transform", (turn) => {
    expect(turnOf(laid(turn))).toEqual(turn);
  });

  it.each(TURNS)("from %o goes the way that is seen, mirrored or not", (turn) => {
    const before = laid(turn);
    const quarter = laid(rotated(turn, 90));
    // Clockwise on a screen whose y runs down: what pointed to the right points down.
    expect(quarter.column[0]).toBeCloseTo(-before.column[1]);
    expect(quarter.column[1]).toBeCloseTo(before.column[0]);
    const exchanged = laid(mirrored(turn));
    expect(exchanged.row[0]).toBeCloseTo(-before.row[0]);
    expect(exchanged.row[1]).toBeCloseTo(before.row[1]);
    const over = laid(upsideDown(turn));
    expect(over.row[0]).toBeCloseTo(before.row[0]);
    expect(over.row[1]).toBeCloseTo(-before.row[1]);
  });

  it.each(TURNS)("to %o keeps a mark on its pixels", (turn) => {
    const transform = laid(turn);
    const [x0, y0, x1, y1] = boxOnCanvas(transform, [10, 20, 13, 21]);
    const corners = [toImage(transform, [x0, y0]), toImage(transform, [x1, y1])];
    const along = (axis: 0 | 1) => corners.map((corner) => corner?.[axis] ?? NaN).sort((a, b) => a - b);
    expect(along(0)).toEqual([expect.closeTo(9.5), expect.closeTo(12.5)]);
    expect(along(1)).toEqual([expect.closeTo(19.5), expect.closeTo(20.5)]);
  });
});

describe("presets and prefetch", () => {
  it("are lung, mediastinum, bone and default for a CT, and the stored windows for a mammogram", () => {
    expect(presetsFor("CT", []).map(({ key, name }) => [key, name])).toEqual([
      ["1", "lung"],
      ["2", "mediastinum"],
      ["3", "bone"],
      ["4", "default"],
    ]);
    const stored = ["NORMAL", "HARDER", "SOFTER"].map((explanation, n) => ({ center: n, width: 9, explanation }));
    expect(presetsFor("MG", stored).map(({ explanation }) => explanation)).toEqual(["NORMAL", "HARDER", "SOFTER"]);
  });

  it("reach every slice once, the nearest first", () => {
    expect([...outwards(1, 5)]).toEqual([1, 2, 0, 3, 4]);
    expect([...outwards(4, 5)]).toEqual([4, 3, 2, 1, 0]);
  });
});
