/** One stored image as grey pixels, by its own window and without the viewer, whose script is still coming then. Pure. */
import dicomParser, { type DataSet } from "dicom-parser";

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
/** Implicit and Explicit VR Little Endian: pixels that no decoder is needed for. */
const PLAIN = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];
/** Modality LUT, VOI LUT and Real World Value Mapping Sequence, PixelAspectRatio: such images wait for the viewer. */
const LEFT_TO_THE_VIEWER = ["x00283000", "x00283010", "x00280034"];

function isPlain(image: DataSet): boolean {
  const [between = "1", along = between] = (image.string("x00280030") ?? image.string("x00181164") ?? "").split("\\");
  return (
    PLAIN.includes(image.string("x00020010") ?? "") &&
    image.uint16("x00280002") === 1 &&
    (image.string("x00280004") ?? "").startsWith("MONOCHROME") &&
    image.uint16("x00280100") === 16 &&
    image.uint16("x00280102") === (image.uint16("x00280101") ?? 0) - 1 &&
    (image.intString("x00280008") ?? 1) === 1 &&
    (image.string("x00281056") ?? "LINEAR") === "LINEAR" &&
    (image.string("x20500020") ?? "IDENTITY") === "IDENTITY" &&
    LEFT_TO_THE_VIEWER.every((tag) => image.elements[tag] === undefined) &&
    Number(between) === Number(along)
  );
}

/** Null where the image needs more than its own ramp of grey, or cannot be read: the viewer shows or says it.
 *
 * Source: DICOM PS3.3 C.7.6.3 (pixels), C.11.1 (rescale) and C.11.2.1.2 (window).
 */
export function firstPictureOf(file: Uint8Array<ArrayBuffer>): FirstPicture | null {
  let image: DataSet;
  try {
    image = dicomParser.parseDicom(file);
    if (!isPlain(image)) return null;
  } catch {
    return null;
  }
  const [columns = 0, rows = 0, bits = 16] = ["x00280011", "x00280010", "x00280101"].map((tag) => image.uint16(tag));
  const stored = image.elements["x7fe00010"];
  const count = columns * rows;
  if (stored === undefined || count === 0 || stored.length < 2 * count) return null;
  const start = file.byteOffset + stored.dataOffset;
  const slope = image.floatString("x00281053") ?? 1;
  const intercept = image.floatString("x00281052") ?? 0;
  const isSigned = image.uint16("x00280103") === 1;
  const unused = 32 - bits;
  const raws = new Uint16Array(file.buffer.slice(start, start + 2 * count));
  const valueOf = (raw: number) => {
    const high = raw << unused;
    return (isSigned ? high >> unused : high >>> unused) * slope + intercept;
  };
  const center = image.floatString("x00281050");
  const width = image.floatString("x00281051");
  const { lower, upper } = center === undefined || width === undefined ? spanOf(raws, valueOf) : rangeOfWindow({ center, width });
  const isInverse = image.string("x00280004") === "MONOCHROME1";
  const shades = Uint8ClampedArray.from({ length: 1 << 16 }, (_, raw) => {
    const shade = ((valueOf(raw) - lower) * 255) / Math.max(upper - lower, 1e-6);
    return isInverse ? 255 - shade : shade;
  });
  const rgba = new Uint8ClampedArray(4 * count);
  const pixels = new Uint32Array(rgba.buffer);
  for (let place = 0; place < count; place += 1) pixels[place] = OPAQUE + GREY * (shades[raws[place] ?? 0] ?? 0);
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
