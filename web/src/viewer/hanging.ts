/** Which mammogram hangs where: four views back to back, the chest walls in the middle. Pure.
 *
 * The right breast hangs on the left, as if the patient faced the reader, the nipples outwards.
 */
import type { ImageToCanvas, Size, Turn } from "./geometry";
import { lettersFromPatientOrientation, lettersOnCanvas } from "./orientation";

export type Side = "R" | "L";
export type StandardView = "CC" | "MLO";
export type PaneName = "R-CC" | "L-CC" | "R-MLO" | "L-MLO";
/** Plain: the whole breast as it is. Images of other kinds hang behind those. */
export type ImageKind = "plain" | "implant-displaced" | "part" | "tomosynthesis" | "raw";

export interface Mammogram {
  sopInstanceUid: string;
  seriesInstanceUid: string;
  side: Side | null;
  /** As the header writes it: "CC", "MLO", "ML", "XCCL", ... */
  view: string | null;
  kind: ImageKind;
  /** PatientOrientation (0020,0020): along a row to the right, along a column downwards; empty where it is not given. */
  orientation: readonly string[];
  size: Size;
  /** Between columns and between rows, in mm, at the breast where the header knows it; null: not calibrated. */
  spacing: readonly [columns: number, rows: number] | null;
  /** Sorts by time: "20260105 093000.5". */
  acquiredAt: string;
}

export interface Hanging {
  /** The images of each view, the one to show first; empty where the view was not taken. */
  panes: Readonly<Record<PaneName, readonly Mammogram[]>>;
  /** Images that are none of the four views. */
  others: readonly Mammogram[];
}

export const PANES: readonly PaneName[] = ["R-CC", "L-CC", "R-MLO", "L-MLO"];
const KINDS: readonly ImageKind[] = ["plain", "implant-displaced", "part", "tomosynthesis", "raw"];

export const sideOf = (pane: PaneName): Side => (pane.startsWith("R") ? "R" : "L");

const paneOf = ({ side, view }: Mammogram): PaneName | null => PANES.find((pane) => pane === `${side}-${view}`) ?? null;

/** Plain images first, and of each kind the newest. */
const byPreference = (a: Mammogram, b: Mammogram) =>
  KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
  b.acquiredAt.localeCompare(a.acquiredAt) ||
  a.sopInstanceUid.localeCompare(b.sopInstanceUid);

export function hang(images: readonly Mammogram[]): Hanging {
  const of = (pane: PaneName | null) => images.filter((image) => paneOf(image) === pane).sort(byPreference);
  return {
    panes: { "R-CC": of("R-CC"), "L-CC": of("L-CC"), "R-MLO": of("R-MLO"), "L-MLO": of("L-MLO") },
    others: of(null),
  };
}

/** Whether an examination is looked at as its hanging: of one view alone three panes would be empty. */
export function suitsHanging(images: readonly Mammogram[]): boolean {
  const { panes } = hang(images);
  return PANES.filter((pane) => panes[pane].length > 0).length > 1;
}

const TURNS: readonly Turn[] = ([0, 90, 180, 270] as const)
  .flatMap((rotation): Turn[] => [{ rotation, flip: false }, { rotation, flip: true }])
  // Where several would do the image stays as it is, else it is only mirrored.
  .sort((a, b) => Number(a.rotation !== 0) - Number(b.rotation !== 0) || Number(a.flip) - Number(b.flip));

/** Where a turned image's columns and rows run on the screen, in pixels of its own. */
export function matrixOf({ rotation, flip }: Turn): ImageToCanvas {
  const turns = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] } as const;
  const [cos, sin] = turns[rotation];
  const mirror = flip ? -1 : 1;
  return { origin: [0, 0], column: [mirror * cos, mirror * sin], row: [-sin, cos] };
}

/** What lies at the bottom of a view as it hangs: the feet, or on a craniocaudal view the middle of the body. */
const BOTTOM: Readonly<Record<PaneName, string>> = { "R-CC": "L", "L-CC": "R", "R-MLO": "F", "L-MLO": "F" };

/** How an image must lie in its pane by its own Patient Orientation; null where it does not say.
 *
 * The chest wall, posterior, lies towards the middle of the screen; craniocaudal views have their lateral side on top,
 * oblique ones the head. Where only the chest wall is told, the image may be mirrored but not turned.
 */
export function turnFor(pane: PaneName, orientation: readonly string[]): Turn | null {
  const letters = lettersFromPatientOrientation(orientation);
  if (letters === null) return null;
  const back = sideOf(pane) === "R" ? "right" : "left";
  const fits = (turn: Turn, bottom: string) => {
    const shown = lettersOnCanvas(letters, matrixOf(turn));
    return shown[back].startsWith("P") && shown.bottom.startsWith(bottom);
  };
  const sure = TURNS.find((turn) => fits(turn, BOTTOM[pane]));
  return sure ?? TURNS.find((turn) => turn.rotation === 0 && fits(turn, "")) ?? null;
}

/** The size of an image as it hangs, in mm. */
function extentMm({ size, spacing }: Mammogram, turn: Turn): Size {
  const [columns, rows] = spacing ?? [1, 1];
  const [along, down] = [size.width * columns, size.height * rows];
  return turn.rotation % 180 === 0 ? { width: along, height: down } : { width: down, height: along };
}

export interface Hung {
  image: Mammogram;
  turn: Turn;
  side: Side;
}

/** CSS pixels for each mm at which every image fits into a pane of this size: one scale for all. */
export function fittingScale(hung: readonly Hung[], pane: Size): number {
  const scales = hung.map(({ image, turn }) => {
    const { width, height } = extentMm(image, turn);
    return Math.min(pane.width / width, pane.height / height);
  });
  return scales.length === 0 ? 1 : Math.min(...scales);
}

/** What is in the middle of a pane, in the breast's own directions: the same for all panes that are looked at together. */
export interface BreastView {
  /** Relative to the scale at which all images fit. */
  zoom: number;
  /** From the chest wall's edge of the image towards the nipple, in mm; null: that edge lies on the pane's inner edge. */
  depthMm: number | null;
  /** From the middle of the image downwards on the screen, in mm. */
  downMm: number;
}

export const ALIGNED: BreastView = { zoom: 1, depthMm: null, downMm: 0 };

export interface Placing {
  /** CSS pixels from one column of the image to the next. */
  pixelsPerColumn: number;
  /** The image pixel in the middle of the pane, from the middle of the image. */
  panX: number;
  panY: number;
}

const spacingOf = (image: Mammogram) => image.spacing ?? ([1, 1] as const);
/** Outwards on the screen, from the chest wall to the nipple. */
const outwardOf = (side: Side) => (side === "R" ? -1 : 1);

export function placeIn(pane: Size, { image, turn, side }: Hung, view: BreastView, fitting: number): Placing {
  const scale = fitting * view.zoom;
  const half = extentMm(image, turn).width / 2;
  const depth = view.depthMm ?? pane.width / 2 / scale;
  const screen = [outwardOf(side) * (depth - half), view.downMm] as const;
  const { column, row } = matrixOf(turn);
  const [columns, rows] = spacingOf(image);
  return {
    pixelsPerColumn: scale * columns,
    panX: (screen[0] * column[0] + screen[1] * column[1]) / columns,
    panY: (screen[0] * row[0] + screen[1] * row[1]) / rows,
  };
}

/** The inverse of `placeIn`: what a pane shows, for the others to show the same. */
export function viewIn({ image, turn, side }: Hung, { pixelsPerColumn, panX, panY }: Placing, fitting: number): BreastView {
  const { column, row } = matrixOf(turn);
  const [columns, rows] = spacingOf(image);
  const [x, y] = [panX * columns, panY * rows];
  const [right, down] = [x * column[0] + y * row[0], x * column[1] + y * row[1]];
  return {
    zoom: pixelsPerColumn / columns / fitting,
    depthMm: outwardOf(side) * right + extentMm(image, turn).width / 2,
    downMm: down,
  };
}
