/** Reads who and what an image is from the start of the file, before anything is sent. Pure. */
import dicomParser from "dicom-parser";

import type { PixelFrame } from "./pixels";

/** What a file's header said about where it belongs. */
export interface FileHeader {
  patient_id: string;
  patient_name: string;
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  sop_class_uid: string;
  study_description: string | null;
  study_date: string | null;
  series_description: string | null;
  series_number: number | null;
  modality: string | null;
  instance_number: number | null;
  /** Of Image Position (Patient) along the slice normal; null where an image has no place in the body. */
  position_mm: number | null;
  image_type: string;
  burned_in_annotation: string | null;
  compressed: boolean;
}

/** `foreign`: nothing of DICOM about it. `unknown`: it may be DICOM, the server judges it. */
export type FileKind = "instance" | "archive" | "foreign" | "unknown";

export interface ReadHeader {
  kind: FileKind;
  header: FileHeader | null;
  pixels: PixelFrame | null;
  /** The pixels were not reached: more of the file may tell more. */
  cut_off: boolean;
}

/** Defined terms of Specific Character Set (PS3.3 C.12.1.1.2) to the browser's names. */
const CHARACTER_SETS: Readonly<Record<string, string>> = {
  "ISO_IR 192": "utf-8",
  GB18030: "gb18030",
  GBK: "gbk",
  "ISO 2022 IR 58": "gb18030",
  "ISO_IR 100": "iso-8859-1",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 13": "shift_jis",
  "ISO 2022 IR 87": "iso-2022-jp",
  "ISO 2022 IR 149": "euc-kr",
};
const IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2";
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
const UNCOMPRESSED: ReadonlySet<string> = new Set([
  IMPLICIT_LITTLE_ENDIAN,
  EXPLICIT_LITTLE_ENDIAN,
  "1.2.840.10008.1.2.2",
]);
const PIXEL_DATA = "x7fe00010";

type Parsed = ReturnType<typeof dicomParser.parseDicom>;

function textDecoder(dataSet: Parsed): TextDecoder {
  const terms = (dataSet.string("x00080005") ?? "").split("\\").map((term) => term.trim());
  const term = terms.findLast((candidate) => candidate in CHARACTER_SETS);
  return new TextDecoder(CHARACTER_SETS[term ?? ""] ?? "utf-8");
}

function decoded(dataSet: Parsed, tag: string, decoder: TextDecoder): string | null {
  const element = dataSet.elements[tag];
  if (element === undefined || element.length <= 0) return null;
  const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  const text = decoder.decode(bytes).replaceAll("\u0000", "").trim();
  return text === "" ? null : text;
}

const isArchive = (bytes: Uint8Array) =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 0x03 || bytes[2] === 0x05);

/** The preamble's word, or a first element of group 2 or 8 where an old file has no preamble. */
function mayBeDicom(bytes: Uint8Array): boolean {
  const word = String.fromCharCode(...bytes.subarray(128, 132));
  if (word === "DICM") return true;
  const group = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  return (group === 2 || group === 8) && bytes.length > 132;
}

function numbers(dataSet: Parsed, tag: string, count: number): number[] | null {
  const values = (dataSet.string(tag) ?? "").split("\\").map(Number);
  return values.length === count && values.every(Number.isFinite) ? values : null;
}

/** Along the normal of the slice, PS3.3 C.7.6.2.1.1. */
function positionMm(dataSet: Parsed): number | null {
  const position = numbers(dataSet, "x00200032", 3);
  const orientation = numbers(dataSet, "x00200037", 6);
  if (position === null || orientation === null) return null;
  const [x, y, z] = position as [number, number, number];
  const [rx, ry, rz, cx, cy, cz] = orientation as [number, number, number, number, number, number];
  return x * (ry * cz - rz * cy) + y * (rz * cx - rx * cz) + z * (rx * cy - ry * cx);
}

const integer = (text: string | undefined): number | null => {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isFinite(value) ? value : null;
};

function headerOf(dataSet: Parsed, transferSyntax: string): FileHeader | null {
  const study = dataSet.string("x0020000d");
  const series = dataSet.string("x0020000e");
  if (!study || !series) return null;
  const decoder = textDecoder(dataSet);
  return {
    patient_name: decoded(dataSet, "x00100010", decoder) ?? "",
    patient_id: decoded(dataSet, "x00100020", decoder) ?? "",
    study_instance_uid: study,
    series_instance_uid: series,
    sop_instance_uid: dataSet.string("x00080018") ?? "",
    sop_class_uid: dataSet.string("x00080016") ?? "",
    study_description: decoded(dataSet, "x00081030", decoder),
    study_date: dataSet.string("x00080020") ?? null,
    series_description: decoded(dataSet, "x0008103e", decoder),
    series_number: integer(dataSet.string("x00200011")),
    modality: dataSet.string("x00080060") ?? null,
    instance_number: integer(dataSet.string("x00200013")),
    position_mm: positionMm(dataSet),
    image_type: dataSet.string("x00080008") ?? "",
    burned_in_annotation: dataSet.string("x00280301") ?? null,
    compressed: !UNCOMPRESSED.has(transferSyntax),
  };
}

function pixelsOf(dataSet: Parsed, transferSyntax: string, size_bytes: number): PixelFrame | null {
  const element = dataSet.elements[PIXEL_DATA];
  const rows = dataSet.uint16("x00280010") ?? 0;
  const columns = dataSet.uint16("x00280011") ?? 0;
  if (
    element === undefined ||
    (transferSyntax !== IMPLICIT_LITTLE_ENDIAN && transferSyntax !== EXPLICIT_LITTLE_ENDIAN) ||
    dataSet.uint16("x00280100") !== 16 ||
    dataSet.uint16("x00280002") !== 1 ||
    (integer(dataSet.string("x00280008")) ?? 1) > 1 ||
    rows * columns === 0 ||
    element.length !== 2 * rows * columns ||
    element.dataOffset + element.length > size_bytes
  ) {
    return null;
  }
  return {
    offset: element.dataOffset,
    length: element.length,
    rows,
    columns,
    sign_flipped: dataSet.uint16("x00280103") === 1,
  };
}

const OF_NO_KIND = { header: null, pixels: null, cut_off: false };

/** What the first bytes of a file tell. `size_bytes` is that of the whole file. */
export function readHeader(bytes: Uint8Array, size_bytes: number): ReadHeader {
  if (isArchive(bytes)) return { kind: "archive", ...OF_NO_KIND };
  if (!mayBeDicom(bytes)) return { kind: "foreign", ...OF_NO_KIND };
  try {
    const dataSet = dicomParser.parseDicom(bytes, { untilTag: PIXEL_DATA });
    const transferSyntax = dataSet.string("x00020010") ?? "";
    const header = headerOf(dataSet, transferSyntax);
    if (header === null) return { kind: "unknown", ...OF_NO_KIND };
    return { kind: "instance", header, pixels: pixelsOf(dataSet, transferSyntax, size_bytes), cut_off: false };
  } catch {
    // dicom-parser throws strings and objects of many shapes; each means: not readable from these bytes.
    return { kind: "unknown", header: null, pixels: null, cut_off: bytes.length < size_bytes };
  }
}
