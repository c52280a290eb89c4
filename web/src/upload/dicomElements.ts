/** Data elements as they stand in a little-endian DICOM file. The same walk as the server's `imaging/dicom_elements.py`. */

/** The file cannot be made safe here; the message in both languages is for the sender. */
export class DeidentificationRefused extends Error {
  constructor(
    readonly code: string,
    readonly en: string,
    readonly zh: string,
  ) {
    super(code);
    this.name = "DeidentificationRefused";
  }
}

export interface DicomElement {
  tag: number;
  vr: string;
  /** Of the value. */
  start: number;
  stop: number;
  /** Where the next element begins. */
  after: number;
}

type Vrs = ReadonlyMap<number, string>;

const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const MOST_NESTED = 16;
const LONG = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const SHORT = new Set([
  "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US",
]);

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const tagAt = (data: DataView, at: number) => ((data.getUint16(at, true) << 16) | data.getUint16(at + 2, true)) >>> 0;

function damaged(what: string): never {
  throw new DeidentificationRefused(
    "damaged-dicom",
    `This DICOM file is damaged (${what}). Please export it again.`,
    "该 DICOM 文件已损坏，请重新导出。",
  );
}

/** The element at an offset. Throws where there is none, or it goes beyond the end. */
export function nextElement(bytes: Uint8Array, from: number, end: number, implicit: boolean, vrs: Vrs, depth = 0): DicomElement {
  const data = view(bytes);
  const tag = tagAt(data, from);
  let at = from + 8;
  let length: number;
  let vr: string;
  if (implicit) {
    vr = vrs.get(tag) ?? "UN";
    length = data.getUint32(from + 4, true);
  } else {
    vr = String.fromCharCode(data.getUint8(from + 4), data.getUint8(from + 5));
    if (SHORT.has(vr)) {
      length = data.getUint16(from + 6, true);
    } else if (LONG.has(vr)) {
      length = data.getUint32(from + 8, true);
      at += 4;
    } else {
      return damaged("VR");
    }
  }
  if (length !== UNDEFINED) {
    if (at + length > end) damaged("length");
    return { tag, vr, start: at, stop: at + length, after: at + length };
  }
  const isPixels = tag >= 0x7fe00008 && tag <= 0x7fe00010;
  const stop = isPixels ? endOfFragments(data, at, end) : endOfItems(bytes, at, end, implicit || vr === "UN", vrs, depth + 1);
  return { tag, vr, start: at, stop, after: stop + 8 };
}

function endOfFragments(data: DataView, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const tag = tagAt(data, at);
    if (tag === SEQUENCE_END) return at;
    const length = data.getUint32(at + 4, true);
    if (tag !== ITEM || length === UNDEFINED) damaged("fragment");
    at += 8 + length;
  }
  return damaged("fragments");
}

function endOfItems(bytes: Uint8Array, from: number, end: number, implicit: boolean, vrs: Vrs, depth: number): number {
  let at = from;
  while (at < end) {
    if (tagAt(view(bytes), at) === SEQUENCE_END) return at;
    at = nextItem(bytes, at, end, implicit, vrs, depth)[2];
  }
  return damaged("sequence");
}

function nextItem(bytes: Uint8Array, from: number, end: number, implicit: boolean, vrs: Vrs, depth: number): [number, number, number] {
  const data = view(bytes);
  if (depth > MOST_NESTED || tagAt(data, from) !== ITEM) damaged("item");
  const length = data.getUint32(from + 4, true);
  const start = from + 8;
  if (length !== UNDEFINED) {
    if (start + length > end) damaged("item length");
    return [start, start + length, start + length];
  }
  let at = start;
  while (tagAt(data, at) !== ITEM_END) at = nextElement(bytes, at, end, implicit, vrs, depth).after;
  return [start, at, at + 8];
}

/** Where the content of each item of a sequence begins and ends. */
export function* items(bytes: Uint8Array, from: number, end: number, implicit: boolean, vrs: Vrs): Generator<[number, number]> {
  let at = from;
  while (at < end && tagAt(view(bytes), at) !== SEQUENCE_END) {
    const [start, stop, after] = nextItem(bytes, at, end, implicit, vrs, 0);
    yield [start, stop];
    at = after;
  }
}

/** Elements before the pixels, those in sequences too unless `flat`; sequences themselves only when `flat`. */
export function* walkDeep(
  bytes: Uint8Array,
  from: number,
  end: number,
  implicit: boolean,
  vrs: Vrs,
  depth = 0,
  flat = false,
): Generator<DicomElement> {
  let at = from;
  while (at < end) {
    const element = nextElement(bytes, at, end, implicit, vrs);
    if (element.tag >= 0x7fe00000) return;
    if (element.vr === "SQ" && !flat && depth < MOST_NESTED) {
      for (const [start, stop] of items(bytes, element.start, element.stop, implicit, vrs)) {
        yield* walkDeep(bytes, start, stop, implicit, vrs, depth + 1);
      }
    } else {
      yield element;
    }
    at = element.after;
  }
}

const NO_VRS: Vrs = new Map();

/** Where the dataset begins; throws for a file without preamble. */
export function endOfFileMeta(bytes: Uint8Array): number {
  if (String.fromCharCode(...bytes.subarray(128, 132)) !== "DICM") damaged("preamble");
  let at = 132;
  while (at + 8 <= bytes.length && bytes[at] === 2 && bytes[at + 1] === 0) at = nextElement(bytes, at, bytes.length, false, NO_VRS).after;
  return at;
}

/** The Transfer Syntax UID, "" where there is none. */
export function transferSyntax(bytes: Uint8Array): string {
  const end = endOfFileMeta(bytes);
  let at = 132;
  while (at < end) {
    const { tag, start, stop, after } = nextElement(bytes, at, end, false, NO_VRS);
    if (tag === 0x00020010) return String.fromCharCode(...bytes.subarray(start, stop)).replaceAll("\0", "").trim();
    at = after;
  }
  return "";
}

export function elementBytes(tag: number, vr: string, value: Uint8Array, implicit: boolean): Uint8Array {
  const isLong = LONG.has(vr);
  const length = value.length + (value.length % 2);
  const head = implicit || !isLong ? 8 : 12;
  const bytes = new Uint8Array(head + length);
  const data = view(bytes);
  data.setUint16(0, tag >>> 16, true);
  data.setUint16(2, tag & 0xffff, true);
  if (implicit) {
    data.setUint32(4, length, true);
  } else {
    bytes[4] = vr.charCodeAt(0);
    bytes[5] = vr.charCodeAt(1);
    if (isLong) data.setUint32(8, length, true);
    else data.setUint16(6, length, true);
  }
  bytes.set(value, head);
  if (length > value.length) bytes[head + length - 1] = ["UI", "OB", "UN"].includes(vr) ? 0 : 0x20;
  return bytes;
}

export function itemBytes(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + content.length);
  const data = view(bytes);
  data.setUint16(0, 0xfffe, true);
  data.setUint16(2, 0xe000, true);
  data.setUint32(4, content.length, true);
  bytes.set(content, 8);
  return bytes;
}
