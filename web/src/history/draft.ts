/** A patient's history as it is being filled in: what is typed, what is found for it, what is sent. Pure. */
import type { HistoryItem, HistoryRecord, Language, PatientRef } from "../api/types";
import { ageInYears } from "../ui/format";

export type NamedKind = "allergy" | "condition" | "medication";
export const NAMED_KINDS: readonly NamedKind[] = ["allergy", "condition", "medication"];
export type ResultCategory = "vital-signs" | "laboratory";
type Coding = { system: string; code: string } | null;

/** A name with what is said of it: reaction, since when, dosage. */
export interface NamedDraft {
  id: string;
  kind: NamedKind;
  text: string;
  coding: Coding;
  said: string;
  onset: string;
  criticality: "" | "low" | "high";
  /** An illness that is over, a drug that is no longer taken. */
  isPast: boolean;
}

/** A result as it is typed: "6.1", "<0.01", "positive"; `at` is a local date and time. */
export interface ResultDraft {
  id: string;
  kind: "observation";
  category: ResultCategory;
  text: string;
  coding: Coding;
  typed: string;
  unit: string;
  low: string;
  high: string;
  at: string;
  stated: "low" | "normal" | "high" | "abnormal" | null;
}

export interface HistoryDraft {
  noneKnown: readonly NamedKind[];
  named: readonly NamedDraft[];
  results: readonly ResultDraft[];
}

export const EMPTY_HISTORY: HistoryDraft = { noneKnown: [], named: [], results: [] };

const ADULT_YEARS = 18;
const FOUND_MOST = 8;
const FIGURE = /^(<=|>=|<|>|≤|≥)?\s*(-?\d+(?:[.,]\d+)?)$/;
const PARTIAL_DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;
const COMPARATORS = { "≤": "<=", "≥": ">=" } as const;

/** "xj 6.1" is the name "xj" and the value "6.1". */
export function splitTyped(typed: string): { name: string; value: string } {
  const match = /^(.*?)[\s:：=]+([<>≤≥]=?\s*)?(-?\d+(?:[.,]\d+)?)$/.exec(typed.trim());
  if (match === null) return { name: typed.trim(), value: "" };
  return { name: (match[1] ?? "").trim(), value: `${(match[2] ?? "").trim()}${match[3] ?? ""}` };
}

/** How well an item fits what is typed: 0 from the beginning, 1 within a name; null not at all. */
function fit(item: HistoryItem, name: string): number | null {
  const words = [item.en.toLowerCase(), item.zh.toLowerCase(), item.pinyin];
  if (words.some((word) => word.startsWith(name))) return 0;
  return words.some((word) => word.includes(name)) ? 1 : null;
}

/** The items for what is typed, best first; with a value only what is measured. */
export function found(items: readonly HistoryItem[], typed: string): HistoryItem[] {
  const { name, value } = splitTyped(typed);
  const wanted = name.toLowerCase();
  if (wanted === "") return [];
  return items
    .map((item) => ({ item, rank: value !== "" && item.unit === "" ? null : fit(item, wanted) }))
    .filter((each): each is { item: HistoryItem; rank: number } => each.rank !== null)
    .sort((a, b) => a.rank - b.rank || a.item.en.length - b.item.en.length)
    .slice(0, FOUND_MOST)
    .map(({ item }) => item);
}

/** An adult's reference range; none is proposed for a child, or where age or sex is not known and matters. */
export function boundsFor(
  item: HistoryItem,
  patient: Pick<PatientRef, "birth_date" | "sex"> | null,
  now: Date,
): { low: string; high: string } {
  const age = ageInYears(patient?.birth_date ?? null, now);
  const sexMatters = item.of_women !== null && patient?.sex !== "M" && patient?.sex !== "F";
  const bounds = patient?.sex === "F" ? (item.of_women ?? item.bounds) : item.bounds;
  if (bounds === null || age === null || age < ADULT_YEARS || sexMatters) return { low: "", high: "" };
  return { low: bounds.low?.toString() ?? "", high: bounds.high?.toString() ?? "" };
}

export function namedDraft(id: string, kind: NamedKind, text: string, coding: Coding): NamedDraft {
  return { id, kind, text, coding, said: "", onset: "", criticality: "", isPast: false };
}

export function itemName(item: Pick<HistoryItem, "en" | "zh">, language: Language): string {
  return language === "en" ? item.en : item.zh;
}

/** What a record of ours is called in the reader's language; any other keeps the words it came with. */
export function recordName(
  record: { text: string; coding?: Coding },
  items: readonly HistoryItem[],
  language: Language,
): string {
  const coded = items.find((item) => item.code !== null && item.code === record.coding?.code && item.system === record.coding.system);
  return coded === undefined ? record.text : itemName(coded, language);
}

/** A local "2026-03-01T08:30" with the browser's zone, as FHIR wants it; a date stays one. */
export function withZone(local: string): string | null {
  if (local === "") return null;
  if (!local.includes("T")) return local;
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The other way round: a moment as the input shows it. */
export function asLocal(effective: string | null | undefined): string {
  if (!effective?.includes("T")) return effective ?? "";
  const at = new Date(effective);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const figureOf = (typed: string): number | null => {
  const value = Number(typed.trim().replace(",", "."));
  return typed.trim() === "" || Number.isNaN(value) ? null : value;
};

function resultRecord(draft: ResultDraft): HistoryRecord {
  const match = FIGURE.exec(draft.typed.trim());
  const sign = match?.[1];
  const comparator = sign === "≤" || sign === "≥" ? COMPARATORS[sign] : (sign as "<" | "<=" | ">" | ">=" | undefined);
  return {
    kind: "observation",
    category: draft.category,
    text: draft.text.trim(),
    coding: draft.coding,
    value: match === null ? null : figureOf(match[2] ?? ""),
    comparator: comparator ?? null,
    words: match === null ? draft.typed.trim() : "",
    unit: draft.unit.trim(),
    low: figureOf(draft.low),
    high: figureOf(draft.high),
    stated: draft.stated,
    effective: withZone(draft.at),
  };
}

function namedRecord(draft: NamedDraft): HistoryRecord {
  const { text, coding, said, onset, criticality, isPast } = draft;
  if (draft.kind === "allergy") {
    return { kind: "allergy", text, coding, reaction: said, criticality: criticality || null };
  }
  if (draft.kind === "condition") {
    return { kind: "condition", text, coding, note: said, onset: onset.trim() || null, is_active: !isPast };
  }
  return { kind: "medication", text, coding, dosage: said, is_taken: !isPast };
}

/** What is sent; a result without a value is not one. */
export function recordsOf(draft: HistoryDraft): HistoryRecord[] {
  return [
    ...draft.noneKnown.map((of): HistoryRecord => ({ kind: "none-known", of })),
    ...draft.named.map(namedRecord),
    ...draft.results.filter(({ typed }) => typed.trim() !== "").map(resultRecord),
  ];
}

export type HistoryFault = "onset" | "bounds";

/** What cannot be sent as it stands, by the draft's id. */
export function historyFaults(draft: HistoryDraft): ReadonlyMap<string, HistoryFault> {
  const faults = new Map<string, HistoryFault>();
  for (const { id, onset } of draft.named) {
    if (onset.trim() !== "" && !PARTIAL_DATE.test(onset.trim())) faults.set(id, "onset");
  }
  for (const { id, low, high, typed } of draft.results) {
    const [from, to] = [figureOf(low), figureOf(high)];
    const isUnread = [low, high].some((bound) => bound.trim() !== "" && figureOf(bound) === null);
    if (typed.trim() !== "" && (isUnread || (from !== null && to !== null && from > to))) faults.set(id, "bounds");
  }
  return faults;
}

/** Records that were read elsewhere, put into a draft; what contradicts "none known" takes that out. */
export function withRecords(draft: HistoryDraft, records: readonly HistoryRecord[], newId: () => string): HistoryDraft {
  const named = [...draft.named];
  const results = [...draft.results];
  const noneKnown = new Set(draft.noneKnown);
  for (const record of records) {
    if (record.kind === "none-known") noneKnown.add(record.of);
    else if (record.kind === "observation") {
      const { category, text, coding = null, unit, low, high, stated = null } = record;
      const typed = record.value == null ? record.words : `${record.comparator ?? ""}${record.value}`;
      const at = asLocal(record.effective);
      const bounds = { low: low?.toString() ?? "", high: high?.toString() ?? "" };
      results.push({ id: newId(), kind: "observation", category, text, coding, typed, unit, ...bounds, at, stated });
    } else {
      const { kind, text, coding = null } = record;
      const said = kind === "allergy" ? record.reaction : kind === "condition" ? record.note : record.dosage;
      const isPast = kind === "condition" ? !record.is_active : kind === "medication" ? !record.is_taken : false;
      const onset = kind === "condition" ? (record.onset ?? "").slice(0, 10) : "";
      const given = kind === "allergy" ? record.criticality : null;
      const criticality = given === "low" || given === "high" ? given : "";
      named.push({ id: newId(), kind, text, coding, said, onset, criticality, isPast });
    }
  }
  return { named, results, noneKnown: [...noneKnown].filter((kind) => !named.some((each) => each.kind === kind)) };
}
