/** A patient's history as a clinician reads it: allergies first, the newest of each result. Pure. */
import type { GivenRecord, HistoryRecord } from "../api/types";

type Of<K extends HistoryRecord["kind"]> = GivenRecord & { record: Extract<HistoryRecord, { kind: K }> };
const isOf =
  <K extends HistoryRecord["kind"]>(kind: K) =>
  (entry: GivenRecord): entry is Of<K> =>
    entry.record.kind === kind;

export type AllergyState = "named" | "none-known" | "not-said";

/** The results of one test, the newest first. */
export interface ResultLine {
  key: string;
  newest: Of<"observation">;
  before: readonly Of<"observation">[];
}

export interface ShownHistory {
  allergyState: AllergyState;
  allergies: readonly Of<"allergy">[];
  conditions: readonly Of<"condition">[];
  medications: readonly Of<"medication">[];
  noneKnown: readonly Of<"none-known">[];
  vitalSigns: readonly ResultLine[];
  laboratory: readonly ResultLine[];
  wrong: readonly GivenRecord[];
}

const timeOf = (entry: Of<"observation">) => Date.parse(entry.record.effective ?? entry.given_at) || 0;

function resultLines(entries: readonly Of<"observation">[]): ResultLine[] {
  const groups = new Map<string, Of<"observation">[]>();
  for (const entry of entries) {
    const { coding, text, unit } = entry.record;
    // Values in other units are not one course.
    const key = `${coding === null || coding === undefined ? text : `${coding.system} ${coding.code}`} ${unit}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].flatMap(([key, group]) => {
    const [newest, ...before] = [...group].sort((a, b) => timeOf(b) - timeOf(a));
    return newest === undefined ? [] : [{ key, newest, before }];
  });
}

export function shownHistory(entries: readonly GivenRecord[]): ShownHistory {
  const right = entries.filter(({ in_error_at: wrongSince }) => wrongSince === null);
  const allergies = right.filter(isOf("allergy")).sort((a, b) => rank(a.record.criticality) - rank(b.record.criticality));
  const results = right.filter(isOf("observation"));
  const noneKnown = right.filter(isOf("none-known"));
  const saysNone = noneKnown.some(({ record }) => record.of === "allergy");
  return {
    allergyState: allergies.length > 0 ? "named" : saysNone ? "none-known" : "not-said",
    allergies,
    conditions: right.filter(isOf("condition")),
    medications: right.filter(isOf("medication")),
    noneKnown,
    vitalSigns: resultLines(results.filter(({ record }) => record.category === "vital-signs")),
    laboratory: resultLines(results.filter(({ record }) => record.category === "laboratory")),
    wrong: entries.filter(({ in_error_at: wrongSince }) => wrongSince !== null),
  };
}

const rank = (criticality: string | null | undefined) => (criticality === "high" ? 0 : 1);

/** "< 0.01 mmol/L" or "positive". */
export function valueText(record: Extract<HistoryRecord, { kind: "observation" }>): string {
  if (record.value === null || record.value === undefined) return record.words;
  return [record.comparator, record.value, UNIT_SIGNS[record.unit] ?? record.unit].filter((part) => part !== null && part !== undefined && part !== "").join(" ");
}

/** UCUM as clinicians write it. */
const UNIT_SIGNS: Readonly<Record<string, string>> = {
  Cel: "°C",
  "/min": "/min",
  "mm[Hg]": "mmHg",
  "kg/m2": "kg/m²",
  "10*9/L": "×10⁹/L",
  "10*12/L": "×10¹²/L",
  "umol/L": "µmol/L",
  "mL/min/{1.73_m2}": "mL/min/1.73 m²",
  "m[IU]/L": "mIU/L",
  "[pH]": "",
  "{INR}": "",
};

export function rangeText({ low, high }: { low?: number | null; high?: number | null }): string {
  if (low !== null && low !== undefined) return high !== null && high !== undefined ? `${low}–${high}` : `≥ ${low}`;
  return high !== null && high !== undefined ? `≤ ${high}` : "";
}
