/** Draws the values of a plane on a canvas. */
import type { ImageToCanvas, Size } from "../geometry";
import type { Window } from "../viewerState";
import { drawGray } from "./reslice";

/** One pixel for each voxel, on its way to the screen: shared by all planes, which are drawn one after another. */
const voxels = document.createElement("canvas");

export function drawPlane(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  size: Size,
  window: Window,
  invert: boolean,
  { origin, column, row }: ImageToCanvas,
): void {
  const small = voxels.getContext("2d");
  const shown = canvas.getContext("2d");
  if (small === null || shown === null) return;
  const pixels = new ImageData(size.width, size.height);
  drawGray(values, window, invert, pixels.data);
  Object.assign(voxels, size);
  small.putImageData(pixels, 0, 0);

  const perCss = devicePixelRatio;
  Object.assign(canvas, { width: Math.round(canvas.clientWidth * perCss), height: Math.round(canvas.clientHeight * perCss) });
  shown.setTransform(
    column[0] * perCss,
    column[1] * perCss,
    row[0] * perCss,
    row[1] * perCss,
    origin[0] * perCss,
    origin[1] * perCss,
  );
  shown.imageSmoothingEnabled = true;
  // Bilinear, so that a voxel's centre keeps its own gray; "high" would blur it.
  shown.imageSmoothingQuality = "medium";
  // The transform speaks of the centres of pixels, drawImage of their corners.
  shown.drawImage(voxels, -0.5, -0.5);
}
