/** Reads who and what an image is from the start of the file, before anything is sent. */
import dicomParser from "dicom-parser";

import type { FileHeader, FileKind } from "./queue";

/** Identity stands before the pixels; 256 KB hold it in every file seen. */
export const HEADER_BYTES = 256 * 1024;

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

const isArchive = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;

function headerOf(bytes: Uint8Array): FileHeader | null {
  // Series Instance UID is the last of what we need; parsing stops behind it, far from the pixels.
  const dataSet = dicomParser.parseDicom(bytes, { untilTag: "x0020000e" });
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
    study_description: decoded(dataSet, "x00081030", decoder),
    study_date: dataSet.string("x00080020") ?? null,
    modality: dataSet.string("x00080060") ?? null,
  };
}

export interface ReadFile {
  kind: FileKind;
  header: FileHeader | null;
}

/** What the first bytes of a file tell. Whatever cannot be read is `unknown`: the server judges it. */
export function readHeader(bytes: Uint8Array): ReadFile {
  if (isArchive(bytes)) return { kind: "archive", header: null };
  try {
    const header = headerOf(bytes);
    return header === null ? { kind: "unknown", header: null } : { kind: "instance", header };
  } catch {
    // dicom-parser throws strings and objects of many shapes; each means: not readable here.
    return { kind: "unknown", header: null };
  }
}

export async function readFileHeader(file: File): Promise<ReadFile> {
  const start = await file.slice(0, HEADER_BYTES).arrayBuffer();
  return readHeader(new Uint8Array(start));
}
