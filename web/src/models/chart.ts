/** Places on the charts of a report card. Pure. */
import type { ModelReportCard } from "../api/types";

export const WIDTH = 320;
export const HEIGHT = 200;
export const PAD = { left: 34, right: 10, top: 10, bottom: 26 } as const;
export const SOME_DRIFT = 0.1;
export const MUCH_DRIFT = 0.25;

export interface Point {
  x: number;
  y: number;
}

/** A share of the axes, 0 to 1 from the lower left, as a place in the picture. */
export function at(x: number, y: number): Point {
  return {
    x: PAD.left + Math.min(Math.max(x, 0), 1) * (WIDTH - PAD.left - PAD.right),
    y: HEIGHT - PAD.bottom - Math.min(Math.max(y, 0), 1) * (HEIGHT - PAD.top - PAD.bottom),
  };
}

export interface Line {
  subject: string;
  values: (number | null)[];
}

/** The scores, and the inputs that moved most: more lines than these nobody can tell apart. */
export function driftLines(weeks: ModelReportCard["weeks"], most = 3): Line[] {
  const highest = new Map<string, number>();
  for (const { psi } of weeks) {
    for (const [subject, value] of Object.entries(psi)) highest.set(subject, Math.max(highest.get(subject) ?? 0, value));
  }
  const inputs = [...highest.keys()].filter((subject) => subject !== "scores");
  inputs.sort((a, b) => (highest.get(b) ?? 0) - (highest.get(a) ?? 0) || a.localeCompare(b));
  const shown = [...(highest.has("scores") ? ["scores"] : []), ...inputs.slice(0, most)];
  return shown.map((subject) => ({ subject, values: weeks.map(({ psi }) => psi[subject] ?? null) }));
}

/** How high a value stands, as a share of the axis; by its root, so that the marks stay apart below a high peak. */
export const driftHeight = (value: number, top: number) => Math.sqrt(Math.max(value, 0) / top);

/** The top of the axis: high enough for what is shown, and for the mark from which on it matters. */
export function driftTop(lines: readonly Line[]): number {
  const highest = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)), 0);
  return Math.max(2 * MUCH_DRIFT, Math.ceil(highest * 10) / 10);
}
