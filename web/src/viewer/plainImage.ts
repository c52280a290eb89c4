/** Stored images whose pixels need no decoder, no table and no colour: read without the viewer's script, and beside the
 * page's own thread. Pure.
 *
 * Source: DICOM PS3.3 C.7.6.3 (pixels) and C.11.1 (rescale).
 */
import dicomParser, { type DataSet } from "dicom-parser";

export interface PlainImage {
  dataSet: DataSet;
  columns: number;
  rows: number;
  /** As stored, row by row from the top left: a view of the file. */
  raws: Uint16Array<ArrayBuffer>;
  /** All that stands before them, their own tag not included: a view of the file. */
  header: Uint8Array<ArrayBuffer>;
  /** Lowest bits of each pixel that count. */
  bits: number;
  isSigned: boolean;
  slope: number;
  intercept: number;
}

/** Modality LUT, VOI LUT and Real World Value Mapping Sequence, PixelAspectRatio: such images wait for the viewer. */
const LEFT_TO_THE_VIEWER = ["x00283000", "x00283010", "x00280034"];
/** Implicit and Explicit VR Little Endian need no decoder: how long tag, VR and length of Pixel Data are there (PS3.5 7.1). */
const HEAD_BYTES: Readonly<Record<string, number>> = { "1.2.840.10008.1.2": 8, "1.2.840.10008.1.2.1": 12 };
const PIXEL_DATA = [0xe0, 0x7f, 0x10, 0x00];

function isPlain(image: DataSet): boolean {
  const [between = "1", along = between] = (image.string("x00280030") ?? image.string("x00181164") ?? "").split("\\");
  return (
    (image.string("x00020010") ?? "") in HEAD_BYTES &&
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

/** Null where the image needs more than its own ramp of grey, or cannot be read. */
export function plainImageOf(file: Uint8Array<ArrayBuffer>): PlainImage | null {
  try {
    return partsOf(file, dicomParser.parseDicom(file));
  } catch {
    return null;
  }
}

function partsOf(file: Uint8Array<ArrayBuffer>, dataSet: DataSet): PlainImage | null {
  if (!isPlain(dataSet)) return null;
  const [columns = 0, rows = 0, bits = 16] = ["x00280011", "x00280010", "x00280101"].map((tag) => dataSet.uint16(tag));
  const stored = dataSet.elements["x7fe00010"];
  const count = columns * rows;
  if (stored === undefined || count === 0 || stored.length < 2 * count) return null;
  const start = file.byteOffset + stored.dataOffset;
  const header = file.subarray(0, stored.dataOffset - (HEAD_BYTES[dataSet.string("x00020010") ?? ""] ?? 0));
  const isWhole = PIXEL_DATA.every((byte, place) => file[header.length + place] === byte);
  if (!isWhole || start % 2 !== 0) return null;
  return {
    dataSet,
    columns,
    rows,
    raws: new Uint16Array(file.buffer, start, count),
    header,
    bits,
    isSigned: dataSet.uint16("x00280103") === 1,
    slope: dataSet.floatString("x00281053") ?? 1,
    intercept: dataSet.floatString("x00281052") ?? 0,
  };
}

/** The bits of a stored pixel that count, and the one that makes it negative: it means `((raw & mask) ^ sign) - sign`. */
export function bitsOf({ bits, isSigned }: PlainImage): { mask: number; sign: number } {
  return { mask: 2 ** bits - 1, sign: isSigned ? 2 ** (bits - 1) : 0 };
}

export interface Values {
  pixels: Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  lowest: number;
  highest: number;
}

/** Scaled by the dose or the body's weight, which is the viewer's to do. */
const SCALED_OTHERWISE = ["PT", "RTDOSE"];

/** The pixels in the image's own unit, written over the stored ones; null where they are no whole numbers of 16 bits. */
export function valuesOver(image: PlainImage): Values | null {
  const { dataSet, raws, slope, intercept } = image;
  if (!Number.isInteger(slope) || !Number.isInteger(intercept) || slope < 1) return null;
  if (SCALED_OTHERWISE.includes(dataSet.string("x00080060") ?? "")) return null;
  const { mask, sign } = bitsOf(image);
  let [least, most] = [Infinity, -Infinity];
  for (let place = 0; place < raws.length; place += 1) {
    const value = (((raws[place] ?? 0) & mask) ^ sign) - sign;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const [lowest, highest] = [least * slope + intercept, most * slope + intercept];
  const isSmall = lowest >= -0x8000 && highest <= 0x7fff;
  if (!isSmall && (lowest < 0 || highest > 0xffff)) return null;
  const pixels = new (isSmall ? Int16Array : Uint16Array)(raws.buffer, raws.byteOffset, raws.length);
  for (let place = 0; place < raws.length; place += 1) pixels[place] = ((((raws[place] ?? 0) & mask) ^ sign) - sign) * slope + intercept;
  return { pixels, lowest, highest };
}
