/** One stored image as grey pixels, by its own window and without the viewer, whose script is still coming then. Pure. */
import dicomParser, { type DataSet } from "dicom-parser";

import { rangeOfWindow } from "./viewerState";

/** RGBA, row by row from the top left. */
export interface FirstPicture {
  columns: number;
  rows: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

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
  const values = Float32Array.from(new Uint16Array(file.buffer.slice(start, start + 2 * count)), (raw) => {
    const high = raw << unused;
    return (isSigned ? high >> unused : high >>> unused) * slope + intercept;
  });
  const center = image.floatString("x00281050");
  const width = image.floatString("x00281051");
  const { lower, upper } = center === undefined || width === undefined ? spanOf(values) : rangeOfWindow({ center, width });
  const shades = 255 / Math.max(upper - lower, 1e-6);
  const isInverse = image.string("x00280004") === "MONOCHROME1";
  const rgba = new Uint8ClampedArray(4 * count).fill(255);
  values.forEach((value, place) => {
    const shade = (value - lower) * shades;
    rgba.fill(isInverse ? 255 - shade : shade, 4 * place, 4 * place + 3);
  });
  return { columns, rows, rgba };
}

const spanOf = (values: Float32Array) =>
  values.reduce(({ lower, upper }, value) => ({ lower: Math.min(lower, value), upper: Math.max(upper, value) }), {
    lower: Infinity,
    upper: -Infinity,
  });
