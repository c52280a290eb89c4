/** The form of a report: what its writer set over what accepted findings fill in. Pure; the server does the same. */
import type { Prefilled, StructuredReport, TemplateField, TemplateSection, Written } from "../api/types";
import type { WrittenValues } from "./draft";

export type Value = NonNullable<Written["value"]> | null;

/** Begins the id of a row that the writer added; other rows are those of findings. */
const OWN_ROW = "own-";

export const pathOf = (fieldId: string, row: string | null) => (row === null ? fieldId : `${fieldId}#${row}`);

export const prefilledByPath = (structured: StructuredReport): ReadonlyMap<string, Prefilled> =>
  new Map(structured.prefilled.map((one) => [one.path, one]));

/** What the writer set, else what the finding says, else what the template's field begins with. */
export function valueAt(written: WrittenValues, found: Prefilled | undefined, path: string, start: TemplateField["begins_with"] = null): Value {
  const set = written[path];
  return (set !== undefined ? set.value : found !== undefined ? found.value : start) ?? null;
}

/** The finding says something else than it did when the writer replaced it. */
export function isDisputed(set: Written | undefined, found: Prefilled | undefined): boolean {
  return set !== undefined && found !== undefined && (set.over ?? null) !== found.value && (set.value ?? null) !== found.value;
}

/** With a value set; one that the finding says too is the finding's again. */
export function withValue(written: WrittenValues, path: string, value: Value, found: Prefilled | undefined): WrittenValues {
  if (found !== undefined && found.value === value) return without(written, [path]);
  return { ...written, [path]: { value, over: found?.value ?? null } };
}

export function without(written: WrittenValues, paths: readonly string[]): WrittenValues {
  return Object.fromEntries(Object.entries(written).filter(([path]) => !paths.includes(path)));
}

export interface Row {
  id: string;
  findingNumber: string | null;
  isLost: boolean;
}

const rowOf = (path: string) => path.split("#")[1] ?? null;

/** The rows of a section as the server knows them, with those that were added or removed since. */
export function rowsOf(section: TemplateSection, structured: StructuredReport, written: WrittenValues): Row[] {
  const ids = new Set(section.fields.map(({ id }) => id));
  const here = new Set(
    Object.keys(written)
      .filter((path) => ids.has(path.split("#")[0] ?? ""))
      .map(rowOf),
  );
  const known = structured.rows
    .filter((row) => row.section === section.id && (row.finding_number !== null || here.has(row.id)))
    .map((row): Row => ({ id: row.id, findingNumber: row.finding_number, isLost: row.is_lost }));
  const added = [...here].filter(
    (id): id is string => id !== null && id.startsWith(OWN_ROW) && !known.some((row) => row.id === id),
  );
  return [...known, ...added.map((id) => ({ id, findingNumber: null, isLost: false }))];
}

export function withRow(written: WrittenValues, section: TemplateSection, unique: string): WrittenValues {
  const [first] = section.fields;
  return first === undefined ? written : { ...written, [pathOf(first.id, OWN_ROW + unique)]: { value: null, over: null } };
}

export const withoutRow = (written: WrittenValues, row: string) =>
  without(written, Object.keys(written).filter((path) => rowOf(path) === row));

/** What was written about a finding that is no longer accepted, as the writer's own row. */
export function asOwnRow(written: WrittenValues, row: string, unique: string): WrittenValues {
  return Object.fromEntries(
    Object.entries(written).map(([path, one]) =>
      rowOf(path) === row
        ? [pathOf(path.split("#")[0] ?? "", OWN_ROW + unique), { value: one.value ?? null, over: null }]
        : [path, one],
    ),
  );
}

/** A typed number as a number; anything else as it was typed, for the server to say what is wrong. */
export function typedNumber(text: string): Value {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text;
}

export const isRequired = (field: TemplateField) => field.completion_action === "prohibit";
