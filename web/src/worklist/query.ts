/** What the worklist is asked for, as the page's own address says it: a link is the same table. Pure. */
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type State = Schemas["RowState"];
export type Sort = Schemas["Sort"];
export type Urgency = Schemas["Urgency"];

export interface WorklistQuery {
  q: string;
  kind: "" | "study" | "consult";
  modality: readonly string[];
  body_part: readonly string[];
  state: readonly State[];
  urgency: readonly Urgency[];
  assigned: "" | "me" | "nobody";
  institution_id: string;
  /** Received or asked for within so many days; 0: at any time, or between `since` and `until`. */
  days: number;
  since: string;
  until: string;
  undecided: boolean;
  min_category: number;
  min_probability: number;
  sort: Sort;
}

export const STATES: readonly State[] = ["unread", "being-read", "read", "waiting", "active", "finished"];
export const SORTS: readonly Sort[] = ["urgency", "ai", "waiting", "newest"];
export const URGENCIES: readonly Urgency[] = ["emergency", "urgent", "routine"];
export const MODALITIES = ["CT", "DX", "CR", "MG", "MR", "US", "PT", "NM", "XA", "ES", "XC"] as const;
export const DAYS = [1, 7, 30, 365] as const;
/** From which class on: Lung-RADS and BI-RADS count alike, 4A as 4.2. */
export const CATEGORIES = [3, 4, 4.2, 4.4, 5] as const;
export const PROBABILITIES = [0.5, 0.7, 0.9] as const;

export const EVERYTHING: WorklistQuery = {
  q: "",
  kind: "",
  modality: [],
  body_part: [],
  state: [],
  urgency: [],
  assigned: "",
  institution_id: "",
  days: 0,
  since: "",
  until: "",
  undecided: false,
  min_category: 0,
  min_probability: 0,
  sort: "urgency",
};

const DAY_MS = 86_400_000;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/;
const among = <T extends string>(allowed: readonly T[], values: readonly string[]) =>
  allowed.filter((one) => values.includes(one));

function numberBetween(text: string | null, most: number): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) && value > 0 && value <= most ? value : 0;
}

/** What an address asks for; what it says that there is not, is left out. */
export function parseQuery(address: URLSearchParams): WorklistQuery {
  const one = (name: string) => address.get(name) ?? "";
  const date = (name: string) => (ISO_DATE.test(one(name)) ? one(name) : "");
  return {
    q: one("q").slice(0, 100),
    kind: among(["study", "consult"], [one("kind")])[0] ?? "",
    modality: address.getAll("modality").slice(0, 30),
    body_part: address.getAll("body_part").slice(0, 30),
    state: among(STATES, address.getAll("state")),
    urgency: among(URGENCIES, address.getAll("urgency")),
    assigned: among(["me", "nobody"], [one("assigned")])[0] ?? "",
    institution_id: one("institution_id"),
    days: numberBetween(address.get("days"), 36_500),
    since: date("since"),
    until: date("until"),
    undecided: one("undecided") === "true",
    min_category: numberBetween(address.get("min_category"), 6),
    min_probability: numberBetween(address.get("min_probability"), 1),
    sort: among(SORTS, [one("sort")])[0] ?? EVERYTHING.sort,
  };
}

/** The one address of a query: without what is not asked for, always in the same order. */
export function formatQuery(query: WorklistQuery): URLSearchParams {
  const address = new URLSearchParams();
  for (const name of Object.keys(EVERYTHING) as (keyof WorklistQuery)[]) {
    const value = query[name];
    if (Array.isArray(value)) for (const one of value as readonly string[]) address.append(name, one);
    else if (value !== EVERYTHING[name]) address.append(name, String(value));
  }
  return address;
}

/** What the server is asked: days and dates as moments, by this page's clock and its time zone. */
export function asServerAsks(query: WorklistQuery, now: Date): URLSearchParams {
  const address = formatQuery(query);
  for (const name of ["days", "since", "until"]) address.delete(name);
  if (query.days > 0) address.set("since", new Date(now.getTime() - query.days * DAY_MS).toISOString());
  else {
    if (query.since !== "") address.set("since", new Date(`${query.since}T00:00`).toISOString());
    // To the end of the last day: the server leaves out the moment itself.
    if (query.until !== "") {
      const after = new Date(`${query.until}T00:00`);
      after.setDate(after.getDate() + 1);
      address.set("until", after.toISOString());
    }
  }
  return address;
}

/** How many conditions hold beyond search, kind and order, which are always in sight. */
export function countFilters(query: WorklistQuery): number {
  const without = formatQuery({ ...query, q: "", kind: "", sort: EVERYTHING.sort });
  return new Set(without.keys()).size;
}

/** Class 4.2 as it is called: 4A. */
export function categoryName(value: number): string {
  const whole = Math.floor(value);
  return `${whole}${["", "A", "B", "C", "X"][Math.round((value - whole) * 5)] ?? ""}`;
}

export const toggled = <T>(all: readonly T[], one: T): T[] =>
  all.includes(one) ? all.filter((other) => other !== one) : [...all, one];
