/** The key images of a consult as a report has them. Pure. */
import type { KeyImage } from "../api/types";

/** Those of several studies, in the order in which they were marked. */
export const inOrder = (all: readonly KeyImage[]): KeyImage[] =>
  [...all].sort((a, b) => a.made_at.localeCompare(b.made_at) || a.id.localeCompare(b.id));

/** The ids that are in the report: those chosen, else the first that are there. */
export const shownIds = (chosen: readonly string[] | null, all: readonly KeyImage[], most: number): readonly string[] =>
  chosen ?? all.slice(0, most).map(({ id }) => id);

/** The choice with one put in or taken out; what is no longer there stays behind the others until it is taken out. */
export function toggled(shown: readonly string[], id: string, all: readonly KeyImage[]): string[] {
  if (shown.includes(id)) return shown.filter((each) => each !== id);
  const known = all.map((one) => one.id);
  const wanted = [...shown, id];
  return [...known.filter((each) => wanted.includes(each)), ...wanted.filter((each) => !known.includes(each))];
}
