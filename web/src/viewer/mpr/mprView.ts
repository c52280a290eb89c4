/** What the three planes show: where they meet, and how. Pure. */
import type { Point } from "../geometry";
import { toImage, type ImageToCanvas } from "../geometry";
import type { Vector } from "../orientation";
import { clampZoom, rounded, type MprState, type Pointer, type ViewerState, type Window } from "../viewerState";
import type { Projection } from "./reslice";
import { layerAt, sectionOf, type PlaneName } from "./section";
import type { Volume } from "./volume";
import { lpsOf, middleOf, voxelOf, within, type VoxelGrid } from "./voxelGrid";

export interface Slab {
  /** 0: the layer of one voxel. */
  thicknessMm: number;
  projection: Projection;
}

export interface MprView {
  /** Where the planes meet, LPS in mm. */
  crosshair: Vector;
  /** What stands in the middle of each picture. */
  centre: Vector;
  /** 1: a plane fits into its picture. */
  zoom: number;
  plane: PlaneName;
  slabs: Readonly<Record<PlaneName, Slab>>;
  window: Window;
  invert: boolean;
}

export const THICKEST_MM = 100;
const THIN: Slab = { thicknessMm: 0, projection: "mip" };

export const isSlab = ({ thicknessMm }: Slab) => thicknessMm > 0;

/** As a volume opens: at `at` or at the slice that was on screen, by the window that was on it. */
export function opening(volume: Volume, start: ViewerState | null, at: Vector | null): MprView {
  const { grid, refs, stored } = volume;
  const centre = middleOf(grid);
  const slice = start === null ? -1 : refs.findIndex(({ sopInstanceUid }) => sopInstanceUid === start.sopInstanceUid);
  const [column, row, middle] = voxelOf(grid, centre);
  const from = start === null ? null : { window: { center: start.windowCenter, width: start.windowWidth }, invert: start.invert };
  return {
    crosshair: within(grid, at ?? lpsOf(grid, [column, row, slice < 0 ? middle : slice])),
    centre,
    zoom: 1,
    plane: "axial",
    slabs: { axial: THIN, coronal: THIN, sagittal: THIN },
    ...(from ?? stored),
  };
}

export const moveTo = (view: MprView, grid: VoxelGrid, lps: Vector): MprView => ({ ...view, crosshair: within(grid, lps) });

/** At a place, and so that it can be seen: in the middle of a picture that is zoomed in. */
export const lookAt = (view: MprView, grid: VoxelGrid, lps: Vector): MprView => ({
  ...moveTo(view, grid, lps),
  centre: view.zoom > 1 ? within(grid, lps) : view.centre,
});

/** A layer's place as a stack is read, 0 first: from the head down, the front to the back, the right to the left.
 *
 * The same way back: of a place to its layer.
 */
export function inReadingOrder(grid: VoxelGrid, name: PlaneName, layer: number): number {
  const { through } = sectionOf(grid, name);
  const axis = grid.axes[through];
  const along = { axial: -axis[2], coronal: axis[1], sagittal: axis[0] }[name];
  return along < 0 ? grid.size[through] - 1 - layer : layer;
}

export const indexOf = (view: MprView, grid: VoxelGrid, name: PlaneName) =>
  inReadingOrder(grid, name, layerAt(grid, sectionOf(grid, name), view.crosshair));

/** The layer at this place in the reading order; beyond the ends it stops there. */
export function atIndex(view: MprView, grid: VoxelGrid, name: PlaneName, index: number): MprView {
  const voxel: [number, number, number] = [...voxelOf(grid, view.crosshair)];
  voxel[sectionOf(grid, name).through] = inReadingOrder(grid, name, index);
  return moveTo({ ...view, plane: name }, grid, lpsOf(grid, voxel));
}

export const step = (view: MprView, grid: VoxelGrid, name: PlaneName, by: number) =>
  atIndex(view, grid, name, indexOf(view, grid, name) + by);

export const zoomedBy = (view: MprView, factor: number): MprView => ({ ...view, zoom: clampZoom(view.zoom * factor) });

/** Every picture moves with the one that is dragged, which shows its image by `transform`. */
export function pannedBy(view: MprView, grid: VoxelGrid, name: PlaneName, transform: ImageToCanvas, [dx, dy]: Point): MprView {
  const section = sectionOf(grid, name);
  const middle = toImage(transform, [0, 0]);
  const moved = toImage(transform, [-dx, -dy]);
  if (middle === null || moved === null) return view;
  const voxel: [number, number, number] = [...voxelOf(grid, view.centre)];
  voxel[section.columns] += moved[0] - middle[0];
  voxel[section.rows] += moved[1] - middle[1];
  return { ...view, centre: within(grid, lpsOf(grid, voxel)) };
}

export const withSlab = (view: MprView, name: PlaneName, slab: Slab): MprView => ({
  ...view,
  slabs: { ...view.slabs, [name]: { ...slab, thicknessMm: Math.min(THICKEST_MM, Math.max(0, slab.thicknessMm)) } },
});

export const withWindow = (view: MprView, { center, width }: Window): MprView => ({
  ...view,
  window: { center, width: Math.max(1, width) },
});

/** The slice nearest to a place, as the stack and its pointers speak of it. */
export function pointerAt({ grid, refs }: Volume, lps: Vector): Pointer | null {
  const [x, y, z] = voxelOf(grid, lps);
  const ref = refs[Math.round(z)];
  return ref === undefined ? null : { sopInstanceUid: ref.sopInstanceUid, frame: ref.frame, x, y };
}

export function placeOfPointer({ grid, refs }: Volume, { sopInstanceUid, frame, x, y }: Pointer): Vector | null {
  const slice = refs.findIndex((ref) => ref.sopInstanceUid === sopInstanceUid && ref.frame === frame);
  return slice < 0 ? null : lpsOf(grid, [x, y, slice]);
}

const toPlace = ([x, y, z]: Vector) => ({ x: rounded(x), y: rounded(y), z: rounded(z) });
const fromPlace = ({ x, y, z }: MprState["crosshair"]): Vector => [x, y, z];

/** The slice nearest to the crosshair stands for the planes where only a stack can be shown. */
export function toViewerState(
  view: MprView,
  volume: Volume,
  series: { studyInstanceUid: string; seriesInstanceUid: string },
  findingId: string | null,
): ViewerState | null {
  const slice = pointerAt(volume, view.crosshair);
  const [x, y] = voxelOf(volume.grid, view.centre);
  const [middleX, middleY] = voxelOf(volume.grid, middleOf(volume.grid));
  if (slice === null) return null;
  return {
    ...series,
    sopInstanceUid: slice.sopInstanceUid,
    frame: slice.frame,
    windowCenter: rounded(view.window.center),
    windowWidth: rounded(view.window.width),
    zoom: rounded(view.zoom),
    panX: rounded(x - middleX),
    panY: rounded(y - middleY),
    rotation: 0,
    flip: false,
    invert: view.invert,
    findingId,
    tool: null,
    layout: "mpr",
    prior: null,
    hanging: null,
    mpr: { crosshair: toPlace(view.crosshair), centre: toPlace(view.centre), plane: view.plane, slabs: view.slabs },
  };
}

/** Null where the state says nothing of planes. */
export function fromViewerState({ mpr, ...state }: ViewerState, grid: VoxelGrid): MprView | null {
  if (mpr === null) return null;
  return {
    crosshair: within(grid, fromPlace(mpr.crosshair)),
    centre: within(grid, fromPlace(mpr.centre)),
    zoom: clampZoom(state.zoom),
    plane: mpr.plane,
    slabs: mpr.slabs,
    window: { center: state.windowCenter, width: Math.max(1, state.windowWidth) },
    invert: state.invert,
  };
}
