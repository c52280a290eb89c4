/** The three planes through a grid of voxels, and how each lies on the screen. Pure.
 *
 * A plane runs along two axes of the grid: its image is made of voxels as they are stored, and where the patient
 * lay a little askew, the letters at its edges say so.
 */
import type { Plane } from "../findingOnSlice";
import type { ImageToCanvas, Point, Size } from "../geometry";
import { toImage } from "../geometry";
import type { Vector } from "../orientation";
import { lpsOf, voxelOf, type Axis, type VoxelGrid } from "./voxelGrid";

export type PlaneName = "axial" | "coronal" | "sagittal";
export const PLANES: readonly PlaneName[] = ["axial", "coronal", "sagittal"];

/** Directions to the right and downwards on the screen, as radiologists look at them: from the feet, front and left. */
const LOOKS: Readonly<Record<PlaneName, { normal: Axis; right: Vector; down: Vector }>> = {
  axial: { normal: 2, right: [1, 0, 0], down: [0, 1, 0] },
  coronal: { normal: 1, right: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { normal: 0, right: [0, 1, 0], down: [0, 0, -1] },
};

/** How a plane cuts the grid. Its image has `columns` across and `rows` down. */
export interface Section {
  name: PlaneName;
  through: Axis;
  columns: Axis;
  rows: Axis;
  /** Where the next column and the next row lie on the screen: each one step right, left, down or up. */
  toColumn: Point;
  toRow: Point;
}

const ORDERS: readonly (readonly [Axis, Axis, Axis])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** The axes of the grid that run nearest to the patient's x, y and z. */
function axesAlongPatient({ axes }: VoxelGrid): readonly [Axis, Axis, Axis] {
  const share = (order: readonly [Axis, Axis, Axis]) =>
    Math.abs(axes[order[0]][0]) + Math.abs(axes[order[1]][1]) + Math.abs(axes[order[2]][2]);
  return ORDERS.reduce((best, order) => (share(order) > share(best) ? order : best));
}

const signed = (value: number) => (value < 0 ? -1 : 1);

export function sectionOf(grid: VoxelGrid, name: PlaneName): Section {
  const order = axesAlongPatient(grid);
  const { normal, right, down } = LOOKS[name];
  const through = order[normal];
  const [columns, rows] = ([0, 1, 2] as const).filter((axis) => axis !== through) as [Axis, Axis];
  const lies = (axis: Axis): Point => {
    const patient = order.indexOf(axis) as Axis;
    const direction = signed(grid.axes[axis][patient]);
    return right[patient] === 0 ? [0, direction * down[patient]] : [direction * right[patient], 0];
  };
  return { name, through, columns, rows, toColumn: lies(columns), toRow: lies(rows) };
}

export const sizeOf = (grid: VoxelGrid, { columns, rows }: Section): Size => ({ width: grid.size[columns], height: grid.size[rows] });

/** The voxel layer nearest to a place. */
export function layerAt(grid: VoxelGrid, { through }: Section, lps: Vector): number {
  return Math.min(grid.size[through] - 1, Math.max(0, Math.round(voxelOf(grid, lps)[through])));
}

/** First and last layer of a slab about a layer: those whose centres lie in it, one at least. */
export function layersOf(grid: VoxelGrid, { through }: Section, layer: number, thicknessMm: number): readonly [number, number] {
  const reach = Math.floor(thicknessMm / 2 / grid.spacing[through] + 1e-6);
  return [Math.max(0, layer - reach), Math.min(grid.size[through] - 1, layer + reach)];
}

const placed = ({ through, columns, rows }: Section, layer: number, [column, row]: Point): Vector => {
  const voxel: [number, number, number] = [0, 0, 0];
  voxel[through] = layer;
  voxel[columns] = column;
  voxel[rows] = row;
  return voxel;
};

/** The plane of one layer in the patient. */
export function planeOf(grid: VoxelGrid, section: Section, layer: number): Plane {
  return {
    position: lpsOf(grid, placed(section, layer, [0, 0])),
    row: grid.axes[section.columns],
    column: grid.axes[section.rows],
    spacing: [grid.spacing[section.columns], grid.spacing[section.rows]],
  };
}

/** A plane's image where `centre` (LPS mm) stands in the middle of a canvas. Zoom 1: all of it fits. */
export function transformOf(grid: VoxelGrid, section: Section, canvas: Size, centre: Vector, zoom: number): ImageToCanvas {
  const { columns, rows, toColumn, toRow } = section;
  const acrossMm = grid.size[columns] * grid.spacing[columns];
  const downMm = grid.size[rows] * grid.spacing[rows];
  const [widthMm, heightMm] = toColumn[0] === 0 ? [downMm, acrossMm] : [acrossMm, downMm];
  const perMm = zoom * Math.min(canvas.width / widthMm, canvas.height / heightMm);
  const step = ([x, y]: Point, mm: number): Point => [x * mm * perMm, y * mm * perMm];
  const [column, row] = [step(toColumn, grid.spacing[columns]), step(toRow, grid.spacing[rows])];
  const voxel = voxelOf(grid, centre);
  return {
    origin: [
      canvas.width / 2 - column[0] * voxel[columns] - row[0] * voxel[rows],
      canvas.height / 2 - column[1] * voxel[columns] - row[1] * voxel[rows],
    ],
    column,
    row,
  };
}

/** How many CSS pixels a millimetre has on the canvas. */
export const pixelsPerMm = (grid: VoxelGrid, { columns }: Section, transform: ImageToCanvas) =>
  Math.hypot(...transform.column) / grid.spacing[columns];

/** The place in the patient under a point of the canvas, in the layer through `crosshair`. */
export function lpsAt(grid: VoxelGrid, section: Section, transform: ImageToCanvas, crosshair: Vector, at: Point): Vector {
  const point = toImage(transform, at);
  const voxel = voxelOf(grid, crosshair);
  return point === null ? crosshair : lpsOf(grid, placed(section, voxel[section.through], point));
}

/** The point of a plane's image, (column, row), nearest to a place in the patient. */
export function pointOf(grid: VoxelGrid, { columns, rows }: Section, lps: Vector): Point {
  const voxel = voxelOf(grid, lps);
  return [voxel[columns], voxel[rows]];
}
