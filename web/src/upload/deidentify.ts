/**
 * Takes a patient's identity out of a DICOM file before it leaves the browser. Runs in a page and in a worker.
 *
 * The same table and rules as the server's (`imaging/deidentify.py`): values are exchanged where they stand, all else
 * is copied byte for byte, pixels are not touched. What cannot be made safe here is refused with a sentence. Text
 * that is part of the picture is not looked for here.
 */
import { DeidentificationRefused, elementBytes, endOfFileMeta, itemBytes, items, nextElement, transferSyntax, walkDeep } from "./dicomElements";
import type { DicomElement } from "./dicomElements";
import { byVr, DESCRIPTORS, IDENTIFIERS, IDENTIFYING_DATES, KEYWORDS, methodCodes, plan, SAFE_PRIVATE, VRS } from "./deidentificationPlan";
import type { Action, DeidentificationOptions } from "./deidentificationPlan";
import table from "./deidentificationProfile.json";
import { Identifiers, readings } from "./identifyingText";

export type { DeidentificationOptions } from "./deidentificationPlan";
export { DeidentificationRefused } from "./dicomElements";

export type Change = "removed" | "emptied" | "replaced" | "cleaned";

/** What was done, by attribute and action; never a value. */
export interface DeidentificationReport {
  changes: { tag: string; keyword: string; action: Change; count: number }[];
}

export interface Deidentified {
  bytes: Uint8Array<ArrayBuffer>;
  report: DeidentificationReport;
}

export const DEFAULT_OPTIONS: DeidentificationOptions = {
  dates: "shift",
  keepPatientCharacteristics: true,
  keepDeviceIdentity: false,
};

const CHARACTER_SET = 0x00080005;
const SOP_CLASS = 0x00080016;
const SOP_INSTANCE = 0x00080018;
const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;
const PATIENT_AGE = 0x00101010;
const OLDEST_YEARS = 90;
const LONGEST_IDENTIFIER = 1024;
const IMPLEMENTATION_CLASS_UID = "2.25.171218421906342517322021301432012143610";
const IMPLICIT = "1.2.840.10008.1.2";
/** Little endian, and not deflated as a whole: native ones, and encapsulated images. Videos are not. */
const READABLE = /^1\.2\.840\.10008\.1\.2(?:\.1|\.4\.(?:5[017]|70|8[01]|9[0-3]|20[1-3])|\.5)?$/;
const FREE_TEXTS = new Set(["LT", "ST", "UT", "UC", "UR"]);
const DUMMIES = new Set(["PN", "LO", "SH", "LT", "ST", "UT", "UC"]);
const CHANGES: Readonly<Partial<Record<Action, Change>>> = {
  X: "removed", Z: "emptied", D: "replaced", U: "replaced", S: "replaced", P: "replaced", C: "cleaned",
};

/** One key for one case: the same UIDs and the same days for all its files. Keep the 32 bytes to go on later. */
export function caseKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

async function keyed(key: CryptoKey, purpose: string, value: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${purpose}\0${value}`)));
}

async function newUid(key: CryptoKey, uid: string): Promise<string> {
  const value = (await keyed(key, "uid", uid)).subarray(0, 16);
  value[6] = ((value[6] ?? 0) & 0x0f) | 0x80;
  value[8] = ((value[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `2.25.${BigInt(`0x${hex}`)}`;
}

async function daysOf(key: CryptoKey): Promise<number> {
  const value = await keyed(key, "days", "");
  return -365 - (new DataView(value.buffer).getUint32(0) % 3287);
}

async function pseudonymOf(key: CryptoKey, patient: string): Promise<string> {
  const value = (await keyed(key, "patient", patient)).subarray(0, 5);
  return `CASE-${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase()}`;
}

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const ascii = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const trimmed = (text: string) => text.replaceAll("\0", " ").trim();

const UNREADABLE = new DeidentificationRefused(
  "damaged-dicom",
  "This DICOM file is damaged or of a kind that cannot be read here. Please export it again.",
  "该 DICOM 文件已损坏，或其格式无法在此读取。请重新导出。",
);
const NOT_HERE = new DeidentificationRefused(
  "deidentification-not-here",
  "This file is coded in a way that cannot be made anonymous in the browser. Please export it uncompressed.",
  "该文件的编码方式无法在浏览器中去标识。请以不压缩格式重新导出。",
);
const DOCUMENT = new DeidentificationRefused(
  "deidentify-document",
  "This object is a document, a recording or a maker's own format, in which names cannot be searched for.",
  "该对象是文档、录音或厂商私有格式，无法检索其中的个人信息。",
);

/** Names, numbers and dates of people in a file, or its beginning, for `deidentify` of the case's other files. */
export function identifyingValues(bytes: Uint8Array): { kind: "name" | "number" | "date"; text: string }[] {
  const found: { kind: "name" | "number" | "date"; text: string }[] = [];
  try {
    const implicit = transferSyntax(bytes) === IMPLICIT;
    let characterSet = "";
    for (const { tag, vr, start, stop } of walkDeep(bytes, endOfFileMeta(bytes), bytes.length, implicit, VRS)) {
      const value = bytes.subarray(start, stop);
      if (tag === CHARACTER_SET) characterSet = latin1(value);
      const known = VRS.get(tag) ?? vr;
      const kind = known === "PN" ? "name" : IDENTIFIERS.has(tag) ? "number" : IDENTIFYING_DATES.has(tag) ? "date" : null;
      if (kind !== null && value.length <= LONGEST_IDENTIFIER) {
        for (const { text } of readings(value, characterSet)) found.push({ kind, text });
      }
    }
  } catch {
    return found; // the beginning of a file ends somewhere
  }
  return found;
}

interface Level {
  implicit: boolean;
  depth: number;
  out: Uint8Array[];
  creators: Map<string, { name: string; place: number }>;
}

class Rewriting {
  private readonly actions: Map<number, Action>;
  private readonly vrActions: Map<string, Action>;
  private readonly changes = new Map<string, number>();
  private readonly uids = new Map<string, string>();
  private characterSet = "";
  private days = 0;
  private patient = "";
  private sopClass = "";
  private sopInstance = "";

  constructor(
    private readonly bytes: Uint8Array,
    private readonly key: CryptoKey,
    private readonly options: DeidentificationOptions,
    private readonly identifiers: Identifiers,
  ) {
    this.actions = plan(options);
    this.vrActions = byVr(options);
  }

  async result(): Promise<Deidentified> {
    const syntax = transferSyntax(this.bytes);
    if (!READABLE.test(syntax)) throw NOT_HERE;
    const implicit = syntax === IMPLICIT;
    const start = endOfFileMeta(this.bytes);
    const own = new Map<number, string>();
    for (const { tag, start: from, stop } of walkDeep(this.bytes, start, this.bytes.length, implicit, VRS, 0, true)) {
      if ([SOP_CLASS, SOP_INSTANCE, PATIENT_NAME, PATIENT_ID].includes(tag)) own.set(tag, trimmed(latin1(this.bytes.subarray(from, stop))));
      if (tag > PATIENT_ID) break;
    }
    this.sopClass = own.get(SOP_CLASS) ?? "";
    this.sopInstance = own.get(SOP_INSTANCE) ?? "";
    if (this.sopClass === "" || this.sopInstance === "") throw UNREADABLE;
    const unreadable = table.unreadableClasses.some((one) => this.sopClass.startsWith(one));
    const except = table.exceptClasses.some((one) => this.sopClass.startsWith(one));
    if (!this.sopClass.startsWith("1.2.840.10008.") || (unreadable && !except)) throw DOCUMENT;
    this.days = await daysOf(this.key);
    this.patient = await pseudonymOf(this.key, (own.get(PATIENT_ID) ?? "") || (own.get(PATIENT_NAME) ?? ""));
    const body = await this.dataset(start, this.bytes.length, { implicit, depth: 0, out: [], creators: new Map() });
    const parts = [await this.fileMeta(syntax), ...body];
    const bytes = joined(parts);
    const changes = [...this.changes]
      .map(([name, count]) => {
        const [tag = "", action] = name.split("|");
        return { tag, keyword: KEYWORDS[tag] ?? "", action: action as Change, count };
      })
      .sort((one, other) => (one.tag + one.action < other.tag + other.action ? -1 : 1));
    return { bytes, report: { changes } };
  }

  private async fileMeta(syntax: string): Promise<Uint8Array> {
    const elements = joined([
      elementBytes(0x00020001, "OB", Uint8Array.of(0, 1), false),
      elementBytes(0x00020002, "UI", ascii(this.sopClass), false),
      elementBytes(0x00020003, "UI", ascii(await this.uid(this.sopInstance)), false),
      elementBytes(0x00020010, "UI", ascii(syntax), false),
      elementBytes(0x00020012, "UI", ascii(IMPLEMENTATION_CLASS_UID), false),
      elementBytes(0x00020013, "SH", ascii("TELECONSULT"), false),
    ]);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, elements.length, true);
    return joined([new Uint8Array(128), ascii("DICM"), elementBytes(0x00020000, "UL", length, false), elements]);
  }

  private said(implicit: boolean): [number, Uint8Array][] {
    const codes: Readonly<Record<string, string>> = table.codes;
    const sequence = methodCodes(this.options).map((code) =>
      itemBytes(
        joined([
          elementBytes(0x00080100, "SH", ascii(code), implicit),
          elementBytes(0x00080102, "SH", ascii("DCM"), implicit),
          elementBytes(0x00080104, "LO", ascii(codes[code] ?? ""), implicit),
        ]),
      ),
    );
    const modified = this.options.dates === "shift" ? "MODIFIED" : "REMOVED";
    return [
      [0x00120062, elementBytes(0x00120062, "CS", ascii("YES"), implicit)],
      [0x00120063, elementBytes(0x00120063, "LO", ascii(table.method), implicit)],
      [0x00120064, elementBytes(0x00120064, "SQ", joined(sequence), implicit)],
      [0x00280303, elementBytes(0x00280303, "CS", ascii(modified), implicit)],
    ];
  }

  private async dataset(from: number, end: number, level: Level): Promise<Uint8Array[]> {
    const { out } = level;
    const said = level.depth === 0 ? this.said(level.implicit) : [];
    let at = from;
    let keptFrom = from;
    let last = -1;
    while (at < end) {
      const element = nextElement(this.bytes, at, end, level.implicit, VRS);
      if (element.tag <= last) throw UNREADABLE;
      for (let first = said[0]; first !== undefined && first[0] < element.tag; first = said[0]) {
        out.push(this.bytes.subarray(keptFrom, at), first[1]);
        keptFrom = at;
        said.shift();
      }
      const first = said[0];
      let changed: Uint8Array | null;
      if (first !== undefined && first[0] === element.tag) {
        changed = first[1];
        said.shift();
      } else {
        changed = await this.rewritten(element, level);
      }
      if (changed !== null) {
        out.push(this.bytes.subarray(keptFrom, at), changed);
        keptFrom = element.after;
        this.noteCreator(element, level);
      }
      at = element.after;
      last = element.tag;
    }
    out.push(this.bytes.subarray(keptFrom, end), ...said.map(([, bytes]) => bytes));
    return out;
  }

  /** The new element; empty where it goes; null where it stays as it is. */
  private async rewritten(element: DicomElement, level: Level): Promise<Uint8Array | null> {
    const { tag, vr, start, stop } = element;
    const group = tag >>> 16;
    const value = this.bytes.subarray(start, stop);
    if (group & 1) return this.private(element, level);
    if ((tag & 0xffff) === 0 || tag === 0xfffcfffc) return new Uint8Array(0);
    if ((group & 0xff00) === 0x6000 && (tag & 0xffff) === 0x0102 && value.some((byte) => byte !== 0)) throw NOT_HERE;
    if ((group & 0xff00) === 0x5000 || (group & 0xff00) === 0x6000 || group === 0xfffa) return this.removed(tag);
    if (tag >= 0x7fe00008 && tag <= 0x7fe00010) return level.depth === 0 ? null : this.removed(tag);
    const known = VRS.get(tag);
    if (known === undefined) return this.removed(tag);
    const action = this.actions.get(tag) ?? this.vrActions.get(known) ?? "K";
    if (tag === CHARACTER_SET) this.characterSet = latin1(value);
    if (action === "K") return tag === PATIENT_AGE ? this.cappedAge(value, level) : null;
    if (known === "SQ" && (vr === "SQ" || vr === "UN") && action === "C") return this.sequence(element, level);
    if (action === "X" || known === "SQ" || vr === "SQ") return this.removed(tag);
    if (start === stop) return null;
    const changed = await this.newValue(tag, known, action, value);
    if (changed === null) return null;
    this.note(tag, changed.length === 0 ? "Z" : action);
    return elementBytes(tag, vr, changed, level.implicit);
  }

  private async newValue(tag: number, vr: string, action: Action, value: Uint8Array): Promise<Uint8Array | null> {
    if (action === "C") return this.identifiers.cleaned(value, this.characterSet, FREE_TEXTS.has(vr) || DESCRIPTORS.has(tag));
    if (action === "P") return ascii(this.patient);
    if (action === "U") {
      const old = latin1(value).split("\\").map(trimmed);
      const changed = await Promise.all(
        old.map(async (uid) => (uid === "" || uid.startsWith("1.2.840.10008.") ? uid : await this.uid(uid))),
      );
      return changed.every((uid, place) => uid === old[place]) ? null : ascii(changed.join("\\"));
    }
    if (action === "S" && vr === "TM") return /^[0-9:.\\ \0]*$/.test(latin1(value)) ? null : new Uint8Array(0);
    if (action === "S") return ascii(trimmed(latin1(value)).split("\\").map((one) => shifted(one.trim(), vr, this.days)).join("\\"));
    return action === "D" && DUMMIES.has(vr) ? ascii("ANONYMIZED") : new Uint8Array(0);
  }

  private async uid(uid: string): Promise<string> {
    const made = this.uids.get(uid) ?? (await newUid(this.key, uid));
    this.uids.set(uid, made);
    return made;
  }

  private async sequence(element: DicomElement, level: Level): Promise<Uint8Array> {
    const implicit = level.implicit || element.vr === "UN";
    if (level.depth >= 16) throw UNREADABLE;
    const made: Uint8Array[] = [];
    for (const [start, stop] of items(this.bytes, element.start, element.stop, implicit, VRS)) {
      made.push(itemBytes(joined(await this.dataset(start, stop, { implicit, depth: level.depth + 1, out: [], creators: new Map() }))));
    }
    return elementBytes(element.tag, element.vr, joined(made), level.implicit);
  }

  private noteCreator(element: DicomElement, level: Level) {
    const group = element.tag >>> 16;
    const number = element.tag & 0xffff;
    if (!(group & 1) || number < 0x10 || number > 0xff) return;
    const name = trimmed(latin1(this.bytes.subarray(element.start, element.stop)));
    level.creators.set(`${group}|${number}`, { name, place: level.out.length - 1 });
  }

  private private(element: DicomElement, level: Level): Uint8Array {
    const { tag, vr } = element;
    const group = tag >>> 16;
    const number = tag & 0xffff;
    if (number <= 0xff) return new Uint8Array(0);
    const creator = level.creators.get(`${group}|${number >>> 8}`);
    const wanted = SAFE_PRIVATE.get(`${creator?.name}|${group}|${number & 0xff}`);
    const value = this.bytes.subarray(element.start, element.stop);
    const isNumber = (wanted !== "DS" && wanted !== "IS") || /^[0-9eE+\-.\\ \0]*$/.test(latin1(value));
    if (creator === undefined || wanted === undefined || (vr !== wanted && vr !== "UN") || !isNumber) return this.removed(tag);
    level.out[creator.place] = elementBytes(((group << 16) | (number >>> 8)) >>> 0, "LO", ascii(creator.name), level.implicit);
    return elementBytes(tag, vr, value, level.implicit);
  }

  private cappedAge(value: Uint8Array, level: Level): Uint8Array | null {
    const years = /^([0-9]{3})Y$/.exec(trimmed(latin1(value)))?.[1];
    if (years === undefined || Number(years) < OLDEST_YEARS) return null;
    this.note(PATIENT_AGE, "D");
    return elementBytes(PATIENT_AGE, "AS", ascii(`${OLDEST_YEARS}Y`.padStart(4, "0")), level.implicit);
  }

  private removed(tag: number): Uint8Array {
    this.note(tag, "X");
    return new Uint8Array(0);
  }

  private note(tag: number, action: Action) {
    const name = `${tag.toString(16).padStart(8, "0")}|${CHANGES[action] ?? ""}`;
    this.changes.set(name, (this.changes.get(name) ?? 0) + 1);
  }
}

function shifted(value: string, vr: string, days: number): string {
  const found = (vr === "DA" ? /^([0-9]{4})[.:-]?([0-9]{2})[.:-]?([0-9]{2})()$/ : /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{0,6}(?:\.[0-9]{1,6})?)(?:[+-][0-9]{4})?$/).exec(value);
  if (found === null) return "";
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return "";
  date.setUTCDate(date.getUTCDate() + days);
  const moved = date.getUTCFullYear();
  if (moved < 1 || year < 1) return "";
  const pad = (number: number, length: number) => String(number).padStart(length, "0");
  return pad(moved, 4) + pad(date.getUTCMonth() + 1, 2) + pad(date.getUTCDate(), 2) + (found[4] ?? "");
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The file without the patient's identity.
 *
 * @param bytes a whole DICOM file; it is not changed.
 * @param knownIdentifiers further names and numbers of the case to search texts for, as `identifyingValues` of its
 *   other files gives them, or plain texts.
 * @throws DeidentificationRefused where the file cannot be made safe here.
 */
export async function deidentify(
  bytes: Uint8Array,
  key: CryptoKey,
  options: DeidentificationOptions = DEFAULT_OPTIONS,
  knownIdentifiers: readonly (string | { kind: "name" | "number" | "date"; text: string })[] = [],
): Promise<Deidentified> {
  const identifiers = new Identifiers(table.patterns, table.titles);
  for (const one of knownIdentifiers) {
    if (typeof one === "string") for (const kind of ["name", "number"] as const) identifiers.add(kind, one);
    else identifiers.add(one.kind, one.text);
  }
  try {
    for (const { kind, text } of identifyingValues(bytes)) identifiers.add(kind, text);
    return await new Rewriting(bytes, key, options, identifiers).result();
  } catch (error) {
    throw error instanceof DeidentificationRefused ? error : UNREADABLE;
  }
}
