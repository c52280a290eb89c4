/** One stored image as grey pixels, by its own window and without the viewer, whose script is still coming then. Pure. */
import { bitsOf, plainImageOf } from "./plainImage";
import { rangeOfWindow } from "./viewerState";

/** RGBA, row by row from the top left. */
export interface FirstPicture {
  columns: number;
  rows: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** A pixel as one number, alpha highest: browsers run on little-endian machines only. */
const OPAQUE = 0xff000000;
const GREY = 0x010101;

/** Null where the image needs more than its own ramp of grey, or cannot be read: the viewer shows or says it.
 *
 * Source: DICOM PS3.3 C.11.2.1.2.
 */
export function firstPictureOf(file: Uint8Array<ArrayBuffer>): FirstPicture | null {
  const image = plainImageOf(file);
  if (image === null) return null;
  const { dataSet, columns, rows, raws, slope, intercept } = image;
  const { mask, sign } = bitsOf(image);
  const valueOf = (raw: number) => (((raw & mask) ^ sign) - sign) * slope + intercept;
  const center = dataSet.floatString("x00281050");
  const width = dataSet.floatString("x00281051");
  const { lower, upper } = center === undefined || width === undefined ? spanOf(raws, valueOf) : rangeOfWindow({ center, width });
  const isInverse = dataSet.string("x00280004") === "MONOCHROME1";
  const shades = Uint8ClampedArray.from({ length: 1 << 16 }, (_, raw) => {
    const shade = ((valueOf(raw) - lower) * 255) / Math.max(upper - lower, 1e-6);
    return isInverse ? 255 - shade : shade;
  });
  const rgba = new Uint8ClampedArray(4 * raws.length);
  const pixels = new Uint32Array(rgba.buffer);
  for (let place = 0; place < raws.length; place += 1) pixels[place] = OPAQUE + GREY * (shades[raws[place] ?? 0] ?? 0);
  return { columns, rows, rgba };
}

function spanOf(raws: Uint16Array, valueOf: (raw: number) => number) {
  let [lower, upper] = [Infinity, -Infinity];
  for (const raw of raws) {
    const value = valueOf(raw);
    lower = Math.min(lower, value);
    upper = Math.max(upper, value);
  }
  return { lower, upper };
}
