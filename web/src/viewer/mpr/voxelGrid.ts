/** Where the voxels of a series lie in the patient, from the planes of its slices. Pure. */
import type { Plane } from "../findingOnSlice";
import type { Size } from "../geometry";
import { cross, dot, minus, type Vector } from "../orientation";

/** Of a voxel index: along the rows (columns), down the columns (rows), and from slice to slice. */
export type Axis = 0 | 1 | 2;

export interface VoxelGrid {
  /** Centre of the first voxel, LPS in mm. */
  origin: Vector;
  /** Unit vectors, at right angles to each other. */
  axes: readonly [Vector, Vector, Vector];
  /** In mm. */
  spacing: Vector;
  /** In voxels. */
  size: Vector;
}

/** Why no planes can be made of a series: there is a sentence for each. */
export type GridFault = "tooFew" | "noPlace" | "unlike" | "repeated" | "missingSlices" | "uneven" | "sheared";

export interface SlicePlane {
  plane: Plane | null;
  size: Size;
}

/** Fewer slices than this show nothing from the side. */
export const LEAST_SLICES = 3;
/** As imaging/image_plane.py judges: a share of the usual gap, and mm. */
const SPACING_TOLERANCE = 0.1;
const SAME_PLACE_MM = 0.01;
/** Of a direction cosine: over 500 mm it is a quarter of a millimetre. */
const COSINE_TOLERANCE = 5e-4;

const near = (a: number, b: number, tolerance: number) => Math.abs(a - b) <= tolerance;
const isAlike = (a: Plane, b: Plane) =>
  [0, 1, 2].every(
    (axis) =>
      near(a.row[axis] ?? 0, b.row[axis] ?? 0, COSINE_TOLERANCE) &&
      near(a.column[axis] ?? 0, b.column[axis] ?? 0, COSINE_TOLERANCE),
  ) && near(a.spacing[0] / b.spacing[0], 1, 1e-3) && near(a.spacing[1] / b.spacing[1], 1, 1e-3);

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

/** What the gaps between neighbours in a row of slices say; null: they are all alike. */
function faultOfGaps(gaps: readonly number[], usual: number): GridFault | null {
  const odd = gaps.filter((gap) => !near(gap, usual, SPACING_TOLERANCE * usual));
  if (odd.length === 0) return null;
  const isMultiple = (gap: number) => gap > 1.5 * usual && near(gap / usual, Math.round(gap / usual), 2 * SPACING_TOLERANCE);
  return odd.every(isMultiple) ? "missingSlices" : "uneven";
}

/** The grid of a series, and in which order its slices lie along their normal.
 *
 * Slices must be alike, equally far from each other and right above each other: those of a tilted gantry are
 * sheared, and a plane through them would show the patient bent.
 * Source: DICOM PS3.3 C.7.6.2.1.1.
 */
export function gridOf(slices: readonly SlicePlane[]): { grid: VoxelGrid; order: readonly number[] } | GridFault {
  const [first] = slices;
  if (first === undefined || slices.length < LEAST_SLICES) return "tooFew";
  const planes = slices.map(({ plane }) => plane).filter((plane) => plane !== null);
  const [model] = planes;
  if (model === undefined || planes.length < slices.length) return "noPlace";
  const { width, height } = first.size;
  const isSame = slices.every(({ size }) => size.width === width && size.height === height);
  if (!isSame || !planes.every((plane) => isAlike(plane, model))) return "unlike";

  const normal = cross(model.row, model.column);
  const placed = planes
    .map((plane, index) => ({ index, position: plane.position, at: dot(plane.position, normal) }))
    .sort((a, b) => a.at - b.at);
  const gaps = placed.slice(1).map(({ at }, index) => at - (placed[index]?.at ?? at));
  if (gaps.some((gap) => gap < SAME_PLACE_MM)) return "repeated";
  const fault = faultOfGaps(gaps, median(gaps));
  if (fault !== null) return fault;

  const lowest = placed[0]?.position ?? model.position;
  const aside = (position: Vector, direction: Vector) => Math.abs(dot(minus(position, lowest), direction));
  const most = Math.max(...model.spacing);
  if (placed.some(({ position }) => Math.max(aside(position, model.row), aside(position, model.column)) > most)) return "sheared";
  const depth = (placed[placed.length - 1]?.at ?? 0) - (placed[0]?.at ?? 0);
  return {
    grid: {
      origin: lowest,
      axes: [model.row, model.column, normal],
      spacing: [model.spacing[0], model.spacing[1], depth / gaps.length],
      size: [width, height, slices.length],
    },
    order: placed.map(({ index }) => index),
  };
}

/** The place of a voxel index, whole or not, in LPS mm. */
export function lpsOf({ origin, axes, spacing }: VoxelGrid, voxel: Vector): Vector {
  const along = (axis: 0 | 1 | 2) =>
    origin[axis] + axes[0][axis] * spacing[0] * voxel[0] + axes[1][axis] * spacing[1] * voxel[1] + axes[2][axis] * spacing[2] * voxel[2];
  return [along(0), along(1), along(2)];
}

/** The inverse of `lpsOf`. */
export function voxelOf({ origin, axes, spacing }: VoxelGrid, lps: Vector): Vector {
  const offset = minus(lps, origin);
  return [dot(offset, axes[0]) / spacing[0], dot(offset, axes[1]) / spacing[1], dot(offset, axes[2]) / spacing[2]];
}

/** The nearest place within the voxels' centres. */
export function within(grid: VoxelGrid, lps: Vector): Vector {
  const voxel = voxelOf(grid, lps);
  const kept = (axis: Axis) => Math.min(grid.size[axis] - 1, Math.max(0, voxel[axis]));
  return lpsOf(grid, [kept(0), kept(1), kept(2)]);
}

export const middleOf = (grid: VoxelGrid): Vector =>
  lpsOf(grid, [(grid.size[0] - 1) / 2, (grid.size[1] - 1) / 2, (grid.size[2] - 1) / 2]);
