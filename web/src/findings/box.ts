/** A box that a reader draws about a finding, as it is moved. Pure.
 *
 * Boxes are in pixel edges of the stored image: its first pixel reaches from 0 to 1, as the API has them.
 */
import type { Finding } from "../api/types";
import { toImage, type Box, type ImageToCanvas, type Point, type Size } from "../viewer/geometry";
import type { Calibration } from "../viewer/measuring";

/** What of the box is moved: a corner or a side, by compass points of the stored image, or all of it. */
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w", "all"] as const;
export type Handle = (typeof HANDLES)[number];

const LEAST_PX = 1;
/** A step of the keyboard: a pixel, or half a millimetre where pixels are smaller. */
const STEP_MM = 0.5;
const LARGE_STEP = 5;

const between = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** The box with one handle moved; it stays on the image and keeps a size. */
export function dragged([x0, y0, x1, y1]: Box, handle: Handle, [dx, dy]: Point, { width, height }: Size): Box {
  if (handle === "all") {
    const right = between(dx, -x0, width - x1);
    const down = between(dy, -y0, height - y1);
    return [x0 + right, y0 + down, x1 + right, y1 + down];
  }
  return [
    handle.includes("w") ? between(x0 + dx, 0, x1 - LEAST_PX) : x0,
    handle.includes("n") ? between(y0 + dy, 0, y1 - LEAST_PX) : y0,
    handle.includes("e") ? between(x1 + dx, x0 + LEAST_PX, width) : x1,
    handle.includes("s") ? between(y1 + dy, y0 + LEAST_PX, height) : y1,
  ];
}

/** The box scaled about its centre. */
export function scaled([x0, y0, x1, y1]: Box, factor: number, { width, height }: Size): Box {
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const halfX = Math.max(LEAST_PX / 2, ((x1 - x0) / 2) * factor);
  const halfY = Math.max(LEAST_PX / 2, ((y1 - y0) / 2) * factor);
  return [Math.max(0, x - halfX), Math.max(0, y - halfY), Math.min(width, x + halfX), Math.min(height, y + halfY)];
}

/** Width and height in mm; null on an image without a spacing. */
export function sidesMm([x0, y0, x1, y1]: Box, { basis, spacing }: Calibration): readonly [number, number] | null {
  return basis === "uncalibrated" ? null : [(x1 - x0) * spacing[0], (y1 - y0) * spacing[1]];
}

/** Which rule makes a diameter of the sides: their mean on a slice, the longer one on a projection; as on the server. */
export const diameterRule = (finding: Finding) => (finding.box_lps_mm === null ? "longer" : "mean");

export function diameterMm(finding: Finding, [width, height]: readonly [number, number]): number {
  return diameterRule(finding) === "longer" ? Math.max(width, height) : (width + height) / 2;
}

/** How far an arrow key goes, in pixels of the stored image. */
export function stepPx({ basis, spacing }: Calibration, isLarge: boolean): number {
  const step = basis === "uncalibrated" ? 1 : Math.max(1, STEP_MM / Math.min(...spacing));
  return isLarge ? LARGE_STEP * step : step;
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where an arrow leads on the stored image, however that lies on the screen; null for another key. */
export function arrowOnImage(key: string, transform: ImageToCanvas): Point | null {
  const arrow = ARROWS[key];
  const [from, to] = arrow === undefined ? [null, null] : [toImage(transform, [0, 0]), toImage(transform, arrow)];
  if (from === null || to === null) return null;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  return Math.abs(dx) > Math.abs(dy) ? [Math.sign(dx), 0] : [0, Math.sign(dy)];
}
