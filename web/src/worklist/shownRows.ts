/** The rows on screen while the list changes: under somebody's pointer none moves. Pure. */

export interface Shown<Row> {
  /** The list as it came, by which a new one is told from it. */
  source: readonly Row[] | null;
  rows: readonly Row[];
  /** Rows that are no longer in the list and keep their place, empty. */
  gone: ReadonlySet<string>;
  /** How many rows of the list wait above or between. */
  waiting: number;
}

export const NOTHING_SHOWN: Shown<never> = { source: null, rows: [], gone: new Set(), waiting: 0 };

/**
 * The rows to show once `fresh` has come. Held still, those on screen keep their places with what they now say,
 * those behind the last one are added, and the others are counted; otherwise the list is shown as it is.
 */
export function withFresh<Row extends { id: string }>(
  shown: Shown<Row>,
  fresh: readonly Row[],
  isHeld: boolean,
): Shown<Row> {
  if (!isHeld || shown.rows.length === 0) return { source: fresh, rows: fresh, gone: new Set(), waiting: 0 };
  const now = new Map(fresh.map((row) => [row.id, row]));
  const before = new Set(shown.rows.map((row) => row.id));
  const last = fresh.findLastIndex((row) => before.has(row.id));
  const isNew = (row: Row) => !before.has(row.id);
  // Of a list that holds none of them any more, nothing is behind the last one.
  const behind = last === -1 ? [] : fresh.slice(last + 1).filter(isNew);
  return {
    source: fresh,
    rows: [...shown.rows.map((row) => now.get(row.id) ?? row), ...behind],
    gone: new Set(shown.rows.filter((row) => !now.has(row.id)).map((row) => row.id)),
    waiting: fresh.filter(isNew).length - behind.length,
  };
}
