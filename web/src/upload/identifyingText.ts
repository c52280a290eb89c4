/** What in a text says who somebody is, in any script and encoding. The same rules as `imaging/identifying_text.py`. */

export type Kind = "name" | "number" | "date";

const HIDDEN = "***";
const ENCODINGS: Readonly<Record<string, string>> = {
  "ISO_IR 101": "iso-8859-2", "ISO_IR 109": "iso-8859-3", "ISO_IR 110": "iso-8859-4", "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6", "ISO_IR 126": "iso-8859-7", "ISO_IR 138": "iso-8859-8", "ISO_IR 148": "iso-8859-9",
  "ISO_IR 203": "iso-8859-15", "ISO_IR 13": "shift_jis", "ISO_IR 166": "windows-874", "ISO 2022 IR 144": "iso-8859-5",
  "ISO 2022 IR 126": "iso-8859-7", "ISO 2022 IR 13": "shift_jis", "ISO 2022 IR 87": "iso-2022-jp",
  "ISO 2022 IR 159": "iso-2022-jp", "ISO 2022 IR 149": "euc-kr", "ISO 2022 IR 166": "windows-874",
};
const ALWAYS = ["utf-8", "gb18030", "latin1"];
const BETWEEN = "[\\s^,_.·-]*";

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** Each way to read the bytes without an error; plain ASCII has one. */
export function readings(value: Uint8Array, characterSet = ""): { encoding: string; text: string }[] {
  let length = value.length;
  while (length > 0 && (value[length - 1] === 0 || value[length - 1] === 0x20)) length -= 1;
  const bytes = value.subarray(0, length);
  if (bytes.every((byte) => byte < 0x80 && byte !== 0x1b)) return [{ encoding: "ascii", text: latin1(bytes) }];
  const declared = characterSet.split("\\").flatMap((term) => ENCODINGS[term.replaceAll("\0", "").trim()] ?? []);
  const stripped = withoutEscapes(bytes);
  const found: { encoding: string; text: string }[] = [];
  for (const encoding of new Set([...declared, ...ALWAYS])) {
    try {
      const source = encoding.startsWith("iso-2022") ? bytes : stripped;
      const text = encoding === "latin1" ? latin1(source) : new TextDecoder(encoding, { fatal: true }).decode(source);
      if (!found.some((one) => one.text === text)) found.push({ encoding, text });
    } catch {
      continue; // not this encoding
    }
  }
  return found;
}

function withoutEscapes(bytes: Uint8Array): Uint8Array {
  const text = latin1(bytes).replace(/\x1b\$?[()*+\-.,/]*[@-Z]/g, ""); // eslint-disable-line no-control-regex
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export class Identifiers {
  private readonly pieces = new Set<string>();
  private expressions: { known: RegExp; free: RegExp } | null = null;

  constructor(
    private readonly patterns: readonly string[],
    private readonly titles: string,
  ) {}

  add(kind: Kind, text: string) {
    const found = kind === "name" ? namePieces(text, this.titles) : kind === "number" ? numberPieces(text) : datePieces(text);
    for (const piece of found) this.pieces.add(piece);
    this.expressions = null;
  }

  /** The value without what identifies; null where nothing was found; empty where it cannot be written back. */
  cleaned(value: Uint8Array, characterSet: string, freeText: boolean): Uint8Array | null {
    const expression = freeText ? this.compiled().free : this.compiled().known;
    for (const { encoding, text } of readings(value, characterSet)) {
      const changed = text.replace(expression, HIDDEN);
      if (changed !== text) return encoding === "ascii" || encoding === "utf-8" ? new TextEncoder().encode(changed) : new Uint8Array(0);
    }
    return null;
  }

  private compiled() {
    if (this.expressions === null) {
      const known = [...this.pieces].sort((one, other) => other.length - one.length || (one < other ? -1 : 1));
      this.expressions = {
        known: new RegExp(known.join("|") || "(?!)", "gi"),
        free: new RegExp([...known, ...this.patterns].join("|"), "gi"),
      };
    }
    return this.expressions;
  }
}

const literal = (text: string) => text.trim().replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/\s+/g, "\\s+");
const alone = (piece: string) => `(?<![A-Za-z0-9])${piece}(?![A-Za-z0-9])`;
const isLatin = (text: string) => [...text].every((letter) => (letter.codePointAt(0) ?? 0) < 0x250);
const trimmed = (text: string) => text.replaceAll("\0", " ").trim();

function* namePieces(text: string, titles: string): Generator<string> {
  for (const group of text.split(/[\\=]/)) {
    const parts = trimmed(group).split(/[\s^,]+/).filter((part) => part !== "");
    for (const part of parts) {
      const humps = /^(?:[A-Z][a-z]+){2,}$/.test(part) ? (part.match(/[A-Z][a-z]+/g) ?? [part]) : [part];
      const piece = humps.map(literal).join(BETWEEN);
      if (part.length >= (isLatin(part) ? 5 : 2)) yield piece;
      else if (isLatin(part) && part.length >= 2) yield alone(piece);
    }
    if (parts.length >= 2 && parts.length <= 6) {
      for (const order of [parts, [...parts].reverse()]) {
        const whole = order.map(literal).join(BETWEEN);
        yield parts.join("").length >= 5 || !isLatin(group) ? whole : alone(whole);
      }
    }
    const [first] = parts;
    if (first !== undefined && /^[\u4e00-\u9fff]/.test(first)) {
      const family = parts.length > 1 && first.length <= 2 ? first : first.charAt(0);
      yield `${family}(?:${titles})`;
    }
  }
}

function* numberPieces(text: string): Generator<string> {
  for (const one of text.split("\\")) {
    const value = trimmed(one);
    const digits = value.replace(/[^0-9]/g, "");
    if (digits.length >= 7 && /^[0-9\s()+./-]+$/.test(value)) yield [...digits].join("[\\s()./-]*");
    else if (value.length >= 5 || (value.length >= 2 && !isLatin(value))) yield literal(value);
    else if (value.length >= 4 || (value.length === 3 && digits !== "" && digits !== value)) yield alone(literal(value));
  }
}

function* datePieces(text: string): Generator<string> {
  for (const one of text.split("\\")) {
    const found = /^([0-9]{4})[.:-]?([0-9]{2})[.:-]?([0-9]{2})$/.exec(trimmed(one));
    if (found === null) continue;
    const [, year, mm, dd] = found;
    const [month, day] = [Number(mm), Number(dd)];
    yield `${year}\\s*[-/.年]?\\s*0?${month}\\s*[-/.月]?\\s*0?${day}(?![0-9])\\s*日?`;
    yield `${year}${mm}${dd}`;
    yield `(?<![0-9])0?${day}[-/.\\s]0?${month}[-/.\\s]${year}`;
    yield `(?<![0-9])0?${month}[-/.\\s]0?${day}[-/.\\s]${year}`;
  }
}
