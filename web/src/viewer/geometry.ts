/** Image pixels and canvas pixels. Pure.
 *
 * Image coordinates are (column, row) counted from the centre of the first pixel, as in DICOM PS3.3
 * C.7.6.2.1.1; canvas coordinates are CSS pixels from the top left.
 */
export type Point = readonly [x: number, y: number];
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

export interface Size {
  width: number;
  height: number;
}

/** canvas = origin + column * x + row * y */
export interface ImageToCanvas {
  origin: Point;
  column: Point;
  row: Point;
}

/** Zoom relative to "fits the screen"; pan is the image point at the canvas centre, less the image's centre. */
export interface View {
  zoom: number;
  panX: number;
  panY: number;
}

/** How an image lies on the canvas: mirrored left to right first, if at all, and then turned clockwise. */
export interface Turn {
  rotation: 0 | 90 | 180 | 270;
  flip: boolean;
}

export const UPRIGHT: Turn = { rotation: 0, flip: false };

const quarters = (degrees: number): Turn["rotation"] => {
  const turns = ((Math.round(degrees / 90) % 4) + 4) % 4;
  return ([0, 90, 180, 270] as const)[turns] ?? 0;
};

/** The picture as it is seen, turned clockwise by `degrees` more. */
export const rotated = ({ rotation, flip }: Turn, degrees: number): Turn => ({ rotation: quarters(rotation + degrees), flip });

/** The picture as it is seen, its left and right exchanged. */
export const mirrored = ({ rotation, flip }: Turn): Turn => ({ rotation: quarters(-rotation), flip: !flip });

/** The picture as it is seen, its top and bottom exchanged. */
export const upsideDown = (turn: Turn): Turn => rotated(mirrored(turn), 180);

/** How the image lies, read from its transform. */
export function turnOf({ column, row }: ImageToCanvas): Turn {
  const flip = column[0] * row[1] - row[0] * column[1] < 0;
  const along = flip ? [-column[0], -column[1]] : column;
  return { rotation: quarters((Math.atan2(along[1] ?? 0, along[0] ?? 0) * 180) / Math.PI), flip };
}

/** The transform that takes image points (0, 0), (1, 0) and (0, 1) to where a viewport shows them. */
export function imageToCanvas(origin: Point, nextColumn: Point, nextRow: Point): ImageToCanvas {
  return {
    origin,
    column: [nextColumn[0] - origin[0], nextColumn[1] - origin[1]],
    row: [nextRow[0] - origin[0], nextRow[1] - origin[1]],
  };
}

export function toCanvas({ origin, column, row }: ImageToCanvas, [x, y]: Point): Point {
  return [origin[0] + column[0] * x + row[0] * y, origin[1] + column[1] * x + row[1] * y];
}

/** The inverse of `toCanvas`; null where the transform is flat. */
export function toImage({ origin, column, row }: ImageToCanvas, [cx, cy]: Point): Point | null {
  const determinant = column[0] * row[1] - row[0] * column[1];
  if (Math.abs(determinant) < 1e-12) return null;
  const dx = cx - origin[0];
  const dy = cy - origin[1];
  return [(dx * row[1] - row[0] * dy) / determinant, (column[0] * dy - dx * column[1]) / determinant];
}

/** The upright canvas rectangle around a box in pixel edges: the first pixel reaches from 0 to 1. */
export function boxOnCanvas(transform: ImageToCanvas, [x0, y0, x1, y1]: Box): Box {
  const corners = [
    toCanvas(transform, [x0 - 0.5, y0 - 0.5]),
    toCanvas(transform, [x1 - 0.5, y0 - 0.5]),
    toCanvas(transform, [x0 - 0.5, y1 - 0.5]),
    toCanvas(transform, [x1 - 0.5, y1 - 0.5]),
  ];
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Grow a box about its centre until both sides reach `least`: a mark must not cover what it marks. */
export function atLeast([x0, y0, x1, y1]: Box, least: number): Box {
  const growX = Math.max(0, least - (x1 - x0)) / 2;
  const growY = Math.max(0, least - (y1 - y0)) / 2;
  return [x0 - growX, y0 - growY, x1 + growX, y1 + growY];
}

/** Four corner brackets as an SVG path; `arm` is the length of each stroke. */
export function bracketPath([x0, y0, x1, y1]: Box, arm: number): string {
  const ax = Math.min(arm, (x1 - x0) / 2);
  const ay = Math.min(arm, (y1 - y0) / 2);
  return [
    `M${x0} ${y0 + ay}V${y0}H${x0 + ax}`,
    `M${x1 - ax} ${y0}H${x1}V${y0 + ay}`,
    `M${x1} ${y1 - ay}V${y1}H${x1 - ax}`,
    `M${x0 + ax} ${y1}H${x0}V${y1 - ay}`,
  ].join("");
}

const centreOf = (image: Size): Point => [(image.width - 1) / 2, (image.height - 1) / 2];
const middleOf = (canvas: Size): Point => [canvas.width / 2, canvas.height / 2];

/** The pan of a viewport, read from its transform. */
export function viewOf(transform: ImageToCanvas, canvas: Size, image: Size): { panX: number; panY: number } {
  const centre = centreOf(image);
  const at = toImage(transform, middleOf(canvas)) ?? centre;
  return { panX: at[0] - centre[0], panY: at[1] - centre[1] };
}

/** How far the image must move on the canvas until the image point that `view` names stands in its middle. */
export function canvasShift(transform: ImageToCanvas, canvas: Size, image: Size, view: View): Point {
  const centre = centreOf(image);
  const now = toCanvas(transform, [centre[0] + view.panX, centre[1] + view.panY]);
  const middle = middleOf(canvas);
  return [middle[0] - now[0], middle[1] - now[1]];
}

/** True for an image point that lies on a pixel. */
export const isOnImage = ([x, y]: Point, image: Size) =>
  x >= -0.5 && y >= -0.5 && x < image.width - 0.5 && y < image.height - 0.5;
