import { describe, expect, it } from "vitest";

import type { Finding } from "../api/types";
import { markLabel, markOn, type Plane } from "./findingOnSlice";
import { atLeast, bracketPath, boxOnCanvas, imageToCanvas, isOnImage, toCanvas, toImage } from "./geometry";
import { directionLetters, lettersFromCosines, lettersFromPatientOrientation, opposite } from "./orientation";
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
    expect(boxOnCanvas(doubled, [10, 20, 12, 20])).toEqual([20, 40, 26, 42]);
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
    expect((box[0] + box[2]) / 2).toBeCloseTo((-83 + 143.2177734375) / 0.564453125, 6);
    expect((box[1] + box[3]) / 2).toBeCloseTo((-192 + 287.2177734375) / 0.564453125, 6);
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

  it("have an opposite of the opposite", () => {
    for (const letters of ["L", "AF", "HRP"]) expect(opposite(opposite(letters))).toBe(letters);
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
