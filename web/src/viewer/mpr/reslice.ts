/** The pixels of a plane through a volume, and of a slab about it. Pure.
 *
 * The values are read from the slices as the loader keeps them: no second copy of the volume, on the processor or on
 * a graphics card.
 */
import type { PixelArray } from "./volume";
import type { Axis, VoxelGrid } from "./voxelGrid";
import { rangeOfWindow, type Window } from "../viewerState";

/** Maximum, minimum and mean intensity projection. */
export type Projection = "mip" | "minip" | "mean";
export const PROJECTIONS: readonly Projection[] = ["mip", "minip", "mean"];

type Combine = (into: Float32Array, at: number, value: number) => void;

const COMBINE: Readonly<Record<Projection, Combine>> = {
  mip: (into, at, value) => {
    if (value > (into[at] ?? 0)) into[at] = value;
  },
  minip: (into, at, value) => {
    if (value < (into[at] ?? 0)) into[at] = value;
  },
  mean: (into, at, value) => {
    into[at] = (into[at] ?? 0) + value;
  },
};

/** Rows of a plane's image, from layer `first` to `last` of the axis `through`, combined; row by row.
 *
 * Columns of the image run along the lower one of the two other axes, rows along the higher one.
 */
export function reslice(
  slices: readonly PixelArray[],
  { size: [nx, ny, nz] }: VoxelGrid,
  through: Axis,
  [first, last]: readonly [number, number],
  projection: Projection,
): Float32Array {
  const width = through === 0 ? ny : nx;
  const height = through === 2 ? ny : nz;
  const image = new Float32Array(width * height);
  const combine = COMBINE[projection];
  for (let layer = first; layer <= last; layer += 1) {
    for (let row = 0; row < height; row += 1) {
      const slice = slices[through === 2 ? layer : row];
      if (slice === undefined) continue;
      // Where the row begins in its slice, and how far apart its values lie.
      const begin = through === 0 ? layer : through === 1 ? layer * nx : row * nx;
      const step = through === 0 ? nx : 1;
      const at = row * width;
      if (layer === first) for (let column = 0; column < width; column += 1) image[at + column] = slice[begin + column * step] ?? 0;
      else for (let column = 0; column < width; column += 1) combine(image, at + column, slice[begin + column * step] ?? 0);
    }
  }
  const count = last - first + 1;
  if (projection === "mean" && count > 1) for (let at = 0; at < image.length; at += 1) image[at] = (image[at] ?? 0) / count;
  return image;
}

/** Values to gray as PS3.3 C.11.2.1.2.1 says, into the pixels of an ImageData. */
export function drawGray(values: Float32Array, window: Window, invert: boolean, rgba: Uint8ClampedArray): void {
  const { lower, upper } = rangeOfWindow(window);
  const perValue = 255 / Math.max(1e-6, upper - lower);
  for (let at = 0; at < values.length; at += 1) {
    const gray = ((values[at] ?? 0) - lower) * perValue;
    const shown = invert ? 255 - gray : gray;
    const pixel = 4 * at;
    rgba[pixel] = shown;
    rgba[pixel + 1] = shown;
    rgba[pixel + 2] = shown;
    rgba[pixel + 3] = 255;
  }
}
