/** What a drop looks like before anything of it leaves: what a person must decide, and what is only said. Pure. */
import type { FileHeader } from "./header";

export interface Person {
  patient_id: string;
  patient_name: string;
  /** Series of this person, to leave out. */
  series: readonly string[];
  image_count: number;
}

export interface NamedSeries {
  series_instance_uid: string;
  name: string;
  count: number;
}

export type Warning =
  | { kind: "several-patients"; decides: true; people: readonly Person[] }
  /** Names in the pixels, which removing the identity from the header does not remove. */
  | { kind: "burned-in"; decides: boolean; series: readonly NamedSeries[] }
  | { kind: "secondary-captures"; decides: false; series: readonly NamedSeries[] }
  /** `count`: images that are missing. */
  | { kind: "missing-slices"; decides: false; series: readonly NamedSeries[] }
  /** `count`: images that stand twice. */
  | { kind: "duplicates"; decides: false; series: readonly NamedSeries[] };

const SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
/** Modalities whose pictures usually carry text of the machine. */
const SPEAKING_MODALITIES: ReadonlySet<string> = new Set(["US", "XA", "RF", "SC", "OT", "ES", "XC"]);
/** A gap counts when it is this much wider than the usual distance. */
const GAP_FROM = 1.5;
const SLICES_FEWEST = 5;

const isSecondaryCapture = (header: FileHeader) =>
  header.sop_class_uid === SECONDARY_CAPTURE || header.sop_class_uid.startsWith(`${SECONDARY_CAPTURE}.`);

function mayCarryText(header: FileHeader): boolean {
  const said = header.burned_in_annotation?.trim().toUpperCase();
  if (said === "YES") return true;
  if (said === "NO") return false;
  return (
    isSecondaryCapture(header) ||
    SPEAKING_MODALITIES.has(header.modality ?? "") ||
    /SCREEN|SAVE/i.test(header.image_type)
  );
}

/** The same person under two spellings of the name is one; two numbers are two. */
function personKey(header: FileHeader): string {
  return header.patient_id.trim() || `name:${header.patient_name.replaceAll(/[\s^=]+/g, " ").trim().toUpperCase()}`;
}

function nameOf(header: FileHeader): string {
  return header.series_description ?? [header.modality, header.series_number].filter((part) => part !== null).join(" ");
}

/** How many slices lack between the first and the last: by their places, or by their numbers where they have none. */
export function missingBetween(headers: readonly FileHeader[]): number {
  const places = headers.map((header) => header.position_mm).filter((place) => place !== null);
  const isPlaced = places.length === headers.length;
  const values = isPlaced
    ? places
    : headers.map((header) => header.instance_number).filter((number) => number !== null);
  const sorted = [...new Set(values.map((value) => Math.round(value * 1_000) / 1_000))].sort((a, b) => a - b);
  if (sorted.length < SLICES_FEWEST) return 0;
  const steps = sorted.slice(1).map((value, index) => value - (sorted[index] ?? 0));
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  if (usual <= 0) return 0;
  return steps.reduce((sum, step) => sum + (step > usual * GAP_FROM ? Math.round(step / usual) - 1 : 0), 0);
}

/** Images beyond the first under the same SOP Instance UID. */
function duplicatesIn(headers: readonly FileHeader[]): number {
  return headers.length - new Set(headers.map((header) => header.sop_instance_uid)).size;
}

export function warningsOf(headers: readonly FileHeader[], deidentifies: boolean): Warning[] {
  const people = new Map<string, { person: Person; series: Set<string> }>();
  const series = new Map<string, FileHeader[]>();
  for (const header of headers) {
    const uid = header.series_instance_uid;
    const group = series.get(uid);
    if (group === undefined) series.set(uid, [header]);
    else group.push(header);
    const key = personKey(header);
    const known = people.get(key) ?? {
      person: { patient_id: header.patient_id, patient_name: header.patient_name, series: [], image_count: 0 },
      series: new Set<string>(),
    };
    known.series.add(uid);
    known.person = { ...known.person, image_count: known.person.image_count + 1 };
    people.set(key, known);
  }
  const named = (count: (group: FileHeader[]) => number): NamedSeries[] =>
    [...series].flatMap(([series_instance_uid, group]) => {
      const [first] = group;
      const n = count(group);
      return first === undefined || n === 0 ? [] : [{ series_instance_uid, name: nameOf(first), count: n }];
    });

  const warnings: Warning[] = [];
  if (people.size > 1) {
    warnings.push({
      kind: "several-patients",
      decides: true,
      people: [...people.values()].map(({ person, series: uids }) => ({ ...person, series: [...uids] })),
    });
  }
  const burnedIn = named((group) => group.filter(mayCarryText).length);
  if (burnedIn.length > 0) warnings.push({ kind: "burned-in", decides: deidentifies, series: burnedIn });
  const notes = {
    "secondary-captures": named((group) => group.filter(isSecondaryCapture).length),
    "missing-slices": named(missingBetween),
    duplicates: named(duplicatesIn),
  } as const;
  for (const kind of ["secondary-captures", "missing-slices", "duplicates"] as const) {
    if (notes[kind].length > 0) warnings.push({ kind, decides: false, series: notes[kind] });
  }
  return warnings;
}
