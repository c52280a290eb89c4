/** The edit of a finding's box that is under way on this page, if any: begun by the list, drawn by the viewer. */
import type { Finding } from "../api/types";
import type { Box } from "../viewer/geometry";
import { Store } from "../viewer/store";

export interface BoxEdit {
  /** As it was when the edit began. */
  finding: Finding;
  /** Null until the viewer has the image and puts it where the finding's is. */
  box: Box | null;
  /** How far the box reaches below and above its slice, in mm; null on a projection. */
  reachMm: readonly [below: number, above: number] | null;
  /** Once the server has it. */
  onKept: () => void;
}

export const boxEdit = new Store<BoxEdit | null>(null);

/** How many viewers on the page can draw a box now: three planes cannot. */
export const editors = new Store(0);

export const beginEdit = (finding: Finding, onKept: () => void) =>
  boxEdit.set({ finding, box: null, reachMm: null, onKept });

export const endEdit = () => boxEdit.set(null);
