/** The table of what becomes of each attribute, as `imaging/deidentification_profile.py` wrote it, and its options. */
import table from "./deidentificationProfile.json";

export interface DeidentificationOptions {
  /** `shift`: all dates of a case by the same number of days. `remove`: no date stays. */
  dates: "shift" | "remove";
  /** Sex, age (90 and over as 90), height and weight stay. */
  keepPatientCharacteristics: boolean;
  /** Which machine made the images stays. */
  keepDeviceIdentity: boolean;
}

/** X remove, Z empty, D dummy, U new UID, S shift a date, C search a text or go into a sequence, K keep, P pseudonym. */
export type Action = "X" | "Z" | "D" | "U" | "S" | "C" | "K" | "P";

const DATES = new Set(["DA", "DT", "TM"]);

const numbers = (tags: readonly string[]) => tags.map((tag) => Number.parseInt(tag, 16));
const setOf = (tags: readonly string[]) => new Set(numbers(tags));
export const VRS = new Map(Object.entries(table.vrs).flatMap(([vr, tags]) => numbers(tags.split(" ")).map((tag) => [tag, vr] as const)));
const BASIC = new Map(
  Object.entries(table.basic).flatMap(([action, tags]) => numbers(tags.split(" ")).map((tag) => [tag, action as Action] as const)),
);
export const IDENTIFIERS = setOf(table.identifiers);
export const IDENTIFYING_DATES = setOf(table.identifyingDates);
export const DESCRIPTORS = setOf(table.descriptors);
export const KEYWORDS: Readonly<Record<string, string>> = table.keywords;
export const SAFE_PRIVATE = new Map(table.safePrivate.map((row) => [`${row.creator}|${row.group}|${row.element}`, row.vr]));

export function plan(options: DeidentificationOptions): Map<number, Action> {
  const actions = new Map(BASIC);
  const personal = setOf(table.personalDates);
  if (options.dates === "shift") {
    for (const tag of BASIC.keys()) if (DATES.has(VRS.get(tag) ?? "") && !personal.has(tag)) actions.set(tag, "S");
  }
  const set = (tags: Iterable<number>, action: Action) => {
    for (const tag of tags) actions.set(tag, action);
  };
  set(DESCRIPTORS, "C");
  for (const [tag, action] of Object.entries(table.structured)) actions.set(Number.parseInt(tag, 16), action as Action);
  if (options.keepPatientCharacteristics) set(numbers(table.patientCharacteristics), "K");
  if (options.keepDeviceIdentity) set(numbers(table.deviceIdentity), "K");
  set(numbers(table.pseudonyms), "P");
  set(numbers(table.kinds), "K");
  return actions;
}

export function byVr(options: DeidentificationOptions): Map<string, Action> {
  const actions = new Map(Object.entries(table.byVr) as [string, Action][]);
  if (options.dates === "remove") for (const vr of DATES) actions.set(vr, "Z");
  return actions;
}

export function methodCodes(options: DeidentificationOptions): string[] {
  const codes = ["113100", "113103", "113104", "113105", "113111"];
  if (options.dates === "shift") codes.push("113107");
  if (options.keepPatientCharacteristics) codes.push("113108");
  if (options.keepDeviceIdentity) codes.push("113109");
  return codes.sort();
}

