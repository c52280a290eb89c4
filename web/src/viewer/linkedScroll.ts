/** Two series scrolled together by the patient's position along their normal, in mm. Pure. */
import type { Vector } from "./orientation";

export interface Stacked {
  /** Of each slice along the normal, in mm, in the order of the slices; null where a header has no plane. */
  positions: readonly number[] | null;
  normal: Vector | null;
  frameOfReferenceUid: string | null;
}

/** position in the prior = direction * position in the current series + offsetMm */
export interface Link {
  direction: 1 | -1;
  offsetMm: number;
  /** What the offset rests on; "hand": the reader said which slices belong together. */
  basis: "frame-of-reference" | "top" | "middle" | "hand";
}

export type NoLink = "no-positions" | "not-parallel";

/** Slices inclined by up to 15 degrees still show the same level side by side. */
const PARALLEL_FROM = Math.cos((15 * Math.PI) / 180);
/** A normal this much along the body has a top: the end nearer to the head. */
const UPRIGHT_FROM = 0.5;

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const middle = (mm: readonly number[]) => (Math.min(...mm) + Math.max(...mm)) / 2;
const top = (mm: readonly number[], normal: Vector) => (normal[2] > 0 ? Math.max(...mm) : Math.min(...mm));

/** The cross product of an image's two directions. */
export const normalOf = (row: Vector, column: Vector): Vector => [
  row[1] * column[2] - row[2] * column[1],
  row[2] * column[0] - row[0] * column[2],
  row[0] * column[1] - row[1] * column[0],
];

/** How two series belong together before the reader has said anything.
 *
 * One Frame of Reference: by the patient coordinates themselves (DICOM PS3.3 C.7.4.1). Different ones share no origin:
 * axial series by their upper ends, which most examinations of one region choose alike, others by their middles.
 */
export function linkOf(current: Stacked, prior: Stacked): Link | NoLink {
  if (current.positions === null || prior.positions === null || current.normal === null || prior.normal === null) {
    return "no-positions";
  }
  if (current.positions.length === 0 || prior.positions.length === 0) return "no-positions";
  const along = dot(current.normal, prior.normal);
  if (Math.abs(along) < PARALLEL_FROM) return "not-parallel";
  const direction = along < 0 ? -1 : 1;
  if (current.frameOfReferenceUid !== null && current.frameOfReferenceUid === prior.frameOfReferenceUid) {
    return { direction, offsetMm: 0, basis: "frame-of-reference" };
  }
  const isUpright = Math.abs(current.normal[2]) >= UPRIGHT_FROM;
  const [from, to] = isUpright
    ? [top(current.positions, current.normal), top(prior.positions, prior.normal)]
    : [middle(current.positions), middle(prior.positions)];
  return { direction, offsetMm: to - direction * from, basis: isUpright ? "top" : "middle" };
}

/** The link after the reader said that these two positions are one level. */
export const linkedHere = ({ direction }: Link, currentMm: number, priorMm: number): Link => ({
  direction,
  offsetMm: priorMm - direction * currentMm,
  basis: "hand",
});

export const inPrior = ({ direction, offsetMm }: Link, currentMm: number) => direction * currentMm + offsetMm;
export const inCurrent = ({ direction, offsetMm }: Link, priorMm: number) => direction * (priorMm - offsetMm);

export function nearestIndex(positions: readonly number[], mm: number): number {
  let nearest = 0;
  for (const [index, position] of positions.entries()) {
    if (Math.abs(position - mm) < Math.abs((positions[nearest] ?? 0) - mm)) nearest = index;
  }
  return nearest;
}

/** True where a series ends before this level: its nearest slice shows another one. */
export function isBeyond(positions: readonly number[], mm: number): boolean {
  const gap = positions.length < 2 ? 0 : (Math.max(...positions) - Math.min(...positions)) / (positions.length - 1);
  return mm < Math.min(...positions) - gap || mm > Math.max(...positions) + gap;
}
