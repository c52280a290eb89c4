import { describe, expect, it } from "vitest";

import type { Finding } from "../../api/types";
import type { Plane } from "../findingOnSlice";
import { toCanvas } from "../geometry";
import { cross, dot, lettersFromCosines, lettersOnCanvas, minus, type Vector } from "../orientation";
import { fromViewerState, lookAt, opening, pannedBy, placeOfPointer, pointerAt, step, toViewerState, zoomedBy, type MprView } from "./mprView";
import { marksOnPlane } from "./planeMarks";
import { drawGray, reslice } from "./reslice";
import { layerAt, layersOf, lpsAt, pixelsPerMm, planeOf, PLANES, pointOf, sectionOf, sizeOf, transformOf } from "./section";
import type { Volume } from "./volume";
import { gridOf, lpsOf, middleOf, voxelOf, within, type SlicePlane, type VoxelGrid } from "./voxelGrid";

const SIZE = { width: 6, height: 5 };
const COUNT = 4;

interface Taken {
  row?: Vector;
  column?: Vector;
  first?: Vector;
  step?: Vector;
}

/** Slices as a scanner takes them: axial from the feet up, 0.5 x 0.7 x 2 mm. */
function taken({ row = [1, 0, 0], column = [0, 1, 0], first = [-10, -20, -30], step: by = [0, 0, 2] }: Taken = {}): SlicePlane[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const position: Vector = [first[0] + by[0] * index, first[1] + by[1] * index, first[2] + by[2] * index];
    return { plane: { row, column, position, spacing: [0.5, 0.7] }, size: SIZE };
  });
}

function laid(slices: SlicePlane[]) {
  const found = gridOf(slices);
  if (typeof found === "string") throw new Error(found);
  return found;
}

const moved = (slice: SlicePlane, by: Vector): SlicePlane => {
  const plane = slice.plane as Plane;
  const [x, y, z] = plane.position;
  return { ...slice, plane: { ...plane, position: [x + by[0], y + by[1], z + by[2]] } };
};

/** Each voxel says which one it is: column + 10 row + 100 slice. */
const NUMBERED = Array.from({ length: COUNT }, (_, slice) =>
  Int16Array.from({ length: SIZE.width * SIZE.height }, (__, at) => (at % SIZE.width) + 10 * Math.floor(at / SIZE.width) + 100 * slice),
);

const TAKEN: readonly (readonly [string, Taken])[] = [
  ["axial from the feet", {}],
  ["axial from the head", { step: [0, 0, -2] }],
  ["coronal", { row: [1, 0, 0], column: [0, 0, -1], step: [0, 2, 0] }],
  ["sagittal", { row: [0, 1, 0], column: [0, 0, -1], step: [-2, 0, 0] }],
  ["axial, prone and feet first", { row: [-1, 0, 0], column: [0, -1, 0] }],
  ["a little askew", { row: [Math.cos(0.1), Math.sin(0.1), 0], column: [-Math.sin(0.1), Math.cos(0.1), 0] }],
];

const volumeOf = (grid: VoxelGrid): Volume => ({
  grid,
  slices: NUMBERED,
  refs: Array.from({ length: COUNT }, (_, index) => ({ sopInstanceUid: `1.${index}`, frame: 0, imageId: `${index}` })),
  facts: {} as Volume["facts"],
  stored: { window: { center: 40, width: 400 }, invert: false },
});

describe("the grid of a series", () => {
  it.each(TAKEN)("has each slice's own place for its voxels: %s", (_, how) => {
    const slices = taken(how);
    const { grid, order } = laid(slices);
    order.forEach((index, slice) => {
      const { position, row, column } = slices[index]?.plane as Plane;
      const expected = minus(lpsOf(grid, [3, 2, slice]), position);
      expect(dot(expected, row)).toBeCloseTo(3 * 0.5, 8);
      expect(dot(expected, column)).toBeCloseTo(2 * 0.7, 8);
      expect(dot(expected, cross(row, column))).toBeCloseTo(0, 8);
    });
  });

  it.each(TAKEN)("takes a place to a voxel and back: %s", (_, how) => {
    const { grid } = laid(taken(how));
    const there = lpsOf(grid, [1.25, 3.5, 0.75]);
    voxelOf(grid, there).forEach((value, axis) => expect(value).toBeCloseTo([1.25, 3.5, 0.75][axis] ?? 0, 8));
    within(grid, there).forEach((value, axis) => expect(value).toBeCloseTo(there[axis] ?? 0, 8));
  });

  it("does not depend on the order in which slices are listed", () => {
    const slices = taken();
    expect(laid(slices.toReversed()).grid).toEqual(laid(slices).grid);
  });

  it.each<[string, SlicePlane[]]>([
    ["tooFew", taken().slice(0, 2)],
    ["noPlace", [...taken().slice(1), { plane: null, size: SIZE }]],
    ["unlike", [...taken().slice(1), { ...(taken()[0] as SlicePlane), size: { width: 7, height: 5 } }]],
    ["unlike", [...taken().slice(1), ...taken({ column: [0, 0, -1] }).slice(0, 1)]],
    ["repeated", [...taken(), ...taken().slice(0, 1)]],
    ["missingSlices", taken().filter((_, index) => index !== 1)],
    ["uneven", taken().map((slice, index) => (index === 3 ? moved(slice, [0, 0, 0.7]) : slice))],
    ["sheared", taken({ step: [0, 0.6, 2] })],
  ])("is refused where it would show the patient wrongly: %s", (fault, slices) => {
    expect(gridOf(slices)).toBe(fault);
  });
});

describe("a plane through a volume", () => {
  it.each(TAKEN)("shows the patient's front, head and right where radiologists look for them: %s", (_, how) => {
    const { grid } = laid(taken(how));
    const canvas = { width: 400, height: 300 };
    const seen = PLANES.map((name) => {
      const section = sectionOf(grid, name);
      const plane = planeOf(grid, section, 0);
      return lettersOnCanvas(lettersFromCosines(plane.row, plane.column), transformOf(grid, section, canvas, middleOf(grid), 1));
    });
    expect(seen).toEqual([
      { left: "R", right: "L", top: "A", bottom: "P" },
      { left: "R", right: "L", top: "H", bottom: "F" },
      { left: "A", right: "P", top: "H", bottom: "F" },
    ]);
  });

  it.each(TAKEN)("has in each pixel the voxel that lies there in the patient: %s", (_, how) => {
    const { grid, order } = laid(taken(how));
    const slices = order.map((index) => NUMBERED[index] as Int16Array);
    for (const name of PLANES) {
      const section = sectionOf(grid, name);
      const image = reslice(slices, grid, section.through, [2, 2], "mip");
      const { width, height } = sizeOf(grid, section);
      expect(image).toHaveLength(width * height);
      const plane = planeOf(grid, section, 2);
      const [column, row] = [width - 1, 1];
      const lps = [0, 1, 2].map(
        (axis) =>
          (plane.position[axis] ?? 0) +
          (plane.row[axis] ?? 0) * plane.spacing[0] * column +
          (plane.column[axis] ?? 0) * plane.spacing[1] * row,
      ) as unknown as Vector;
      const [i, j, k] = voxelOf(grid, lps).map(Math.round) as [number, number, number];
      expect(image[row * width + column]).toBe(slices[k]?.[j * SIZE.width + i]);
    }
  });

  it("has the same number of pixels for a millimetre across and down, however the voxels are", () => {
    const { grid } = laid(taken());
    for (const name of PLANES) {
      const section = sectionOf(grid, name);
      const transform = transformOf(grid, section, { width: 300, height: 500 }, middleOf(grid), 1.7);
      const perMm = pixelsPerMm(grid, section, transform);
      expect(Math.hypot(...transform.row) / grid.spacing[section.rows]).toBeCloseTo(perMm, 8);
    }
  });

  it("runs through the place that was pointed at on another one", () => {
    const { grid } = laid(taken({ step: [0, 0, -2] }));
    const canvas = { width: 640, height: 360 };
    const crosshair = middleOf(grid);
    for (const name of PLANES) {
      const section = sectionOf(grid, name);
      const transform = transformOf(grid, section, canvas, crosshair, 2);
      const place = lpsAt(grid, section, transform, crosshair, [351, 166]);
      toCanvas(transform, pointOf(grid, section, place)).forEach((value, axis) => expect(value).toBeCloseTo([351, 166][axis] ?? 0, 6));
      expect(voxelOf(grid, place)[section.through]).toBeCloseTo(voxelOf(grid, crosshair)[section.through], 8);
    }
  });
});

describe("a slab", () => {
  const { grid } = laid(taken());

  it.each([
    [0, [1, 1]],
    [3.9, [1, 1]],
    [4, [0, 2]],
    [100, [0, 3]],
  ] as const)("of %d mm has the layers whose centres lie in it", (mm, layers) => {
    expect(layersOf(grid, sectionOf(grid, "axial"), 1, mm)).toEqual(layers);
  });

  it.each([
    ["mip", Math.max],
    ["minip", Math.min],
    ["mean", (...values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length],
  ] as const)("shows the %s of its layers", (projection, combined) => {
    const uneven = NUMBERED.map((slice, index) => slice.map((value) => (index === 1 ? -value : value)));
    for (const through of [0, 1, 2] as const) {
      const layers = [1, 2, 3].map((layer) => reslice(uneven, grid, through, [layer, layer], projection));
      const slab = reslice(uneven, grid, through, [1, 3], projection);
      slab.forEach((value, at) => expect(value).toBeCloseTo(combined(...layers.map((layer) => layer[at] ?? NaN)), 3));
    }
  });
});

describe("the gray of a value", () => {
  it.each([
    [false, [0, 0, 85, 255, 255]],
    [true, [255, 255, 170, 0, 0]],
  ] as const)("follows the window from black to white, inverted: %s", (invert, grays) => {
    const rgba = new Uint8ClampedArray(20);
    drawGray(Float32Array.from([-2000, 0, 85, 255, 3000]), { center: 128, width: 256 }, invert, rgba);
    expect(Array.from({ length: 5 }, (_, at) => rgba[4 * at])).toEqual(grays);
  });
});

describe("what three planes show", () => {
  const { grid } = laid(taken());
  const volume = volumeOf(grid);
  const seen: MprView = {
    ...zoomedBy(opening(volume, null, lpsOf(grid, [1, 2, 3])), 2.5),
    centre: lpsOf(grid, [2, 3, 1]),
    plane: "coronal",
    slabs: {
      axial: { thicknessMm: 10, projection: "mip" },
      coronal: { thicknessMm: 0, projection: "mean" },
      sagittal: { thicknessMm: 3, projection: "minip" },
    },
  };
  const series = { studyInstanceUid: "1", seriesInstanceUid: "2" };

  it("runs in all planes through the middle of a finding that is looked at, within half a voxel, and marks it there", () => {
    const centre: Vector = [-8.8, -17.6, -26.3];
    const finding = { id: "f", series_instance_uid: "2", centre_lps_mm: centre, box_lps_mm: null, diameter_mm: 1.2 } as unknown as Finding;
    const view = lookAt(seen, grid, centre);
    expect(view.centre).toEqual(view.crosshair);
    for (const name of PLANES) {
      const section = sectionOf(grid, name);
      const layer = layerAt(grid, section, view.crosshair);
      const half = grid.spacing[section.through] / 2;
      expect(Math.abs(voxelOf(grid, centre)[section.through] - layer)).toBeLessThanOrEqual(0.5);
      const [mark] = marksOnPlane([finding], "2", planeOf(grid, section, layer), half);
      expect(mark?.section).toBe("central");
      const [x0, y0, x1, y1] = mark?.box ?? [NaN, NaN, NaN, NaN];
      const [x, y] = pointOf(grid, section, centre);
      expect([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2]).toEqual([expect.closeTo(x, 6), expect.closeTo(y, 6)]);
      expect((x1 - x0) * grid.spacing[section.columns]).toBeCloseTo(1.2, 6);
      expect(marksOnPlane([finding], "2", planeOf(grid, section, layer === 0 ? 2 : 0), half)).toEqual([]);
    }
  });

  it("is the same on another screen", () => {
    const state = toViewerState(seen, volume, series, "f");
    expect(state?.sopInstanceUid).toBe("1.3");
    const back = state === null ? null : fromViewerState(state, grid);
    expect(back).toEqual({ ...seen, crosshair: expect.anything() as Vector, centre: expect.anything() as Vector });
    back?.crosshair.forEach((value, axis) => expect(value).toBeCloseTo(seen.crosshair[axis] ?? 0, 3));
    back?.centre.forEach((value, axis) => expect(value).toBeCloseTo(seen.centre[axis] ?? 0, 3));
  });

  it("opens at the slice that a stack showed, with its window", () => {
    const state = toViewerState({ ...seen, window: { center: -600, width: 1500 } }, volume, series, null);
    const opened = opening(volume, state, null);
    expect(voxelOf(grid, opened.crosshair)[2]).toBeCloseTo(3, 8);
    expect(opened.window).toEqual({ center: -600, width: 1500 });
  });

  it("steps from the head down, from the front to the back, from the right to the left", () => {
    const start = opening(volume, null, middleOf(grid));
    const change = PLANES.map((name) => minus(step(start, grid, name, 1).crosshair, start.crosshair));
    expect(change.map((by) => by.map((value) => Math.sign(Math.round(value * 1e6))))).toEqual([
      [0, 0, -1],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it("stops at the first and the last layer", () => {
    const end = step(opening(volume, null, null), grid, "axial", -1000);
    expect(layerAt(grid, sectionOf(grid, "axial"), end.crosshair)).toBe(COUNT - 1);
  });

  it("moves in all pictures by what one was dragged", () => {
    const section = sectionOf(grid, "sagittal");
    const before = transformOf(grid, section, { width: 300, height: 300 }, seen.centre, seen.zoom);
    const after = pannedBy(seen, grid, "sagittal", before, [4, -3]);
    const dragged = transformOf(grid, section, { width: 300, height: 300 }, after.centre, after.zoom);
    expect(dragged.origin[0] - before.origin[0]).toBeCloseTo(4, 6);
    expect(dragged.origin[1] - before.origin[1]).toBeCloseTo(-3, 6);
  });

  it("is pointed at by the pixel of a slice", () => {
    const place = lpsOf(grid, [4.25, 1.5, 2]);
    const pointer = pointerAt(volume, place);
    expect(pointer).toEqual({ sopInstanceUid: "1.2", frame: 0, x: expect.closeTo(4.25, 6) as number, y: expect.closeTo(1.5, 6) as number });
    expect(pointer === null ? null : placeOfPointer(volume, pointer)?.map((value) => value.toFixed(6))).toEqual(
      place.map((value) => value.toFixed(6)),
    );
  });
});
