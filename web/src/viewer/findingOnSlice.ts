/** Where a finding is drawn on the slice on screen, if at all. Pure. */
import type { Finding } from "../api/types";
import { formatProbability } from "../ui/format";
import type { Box } from "./geometry";
import { cross, dot, minus, type Vector } from "./orientation";

/** One slice's plane in the patient (LPS, mm): the centre of its first pixel and its two directions. */
export interface Plane {
  position: Vector;
  row: Vector;
  column: Vector;
  /** Between columns (along the row), then between rows. */
  spacing: readonly [columns: number, rows: number];
}

export interface Slice {
  sopInstanceUid: string;
  seriesInstanceUid: string;
  /** Null on a projection. */
  plane: Plane | null;
}

export interface FindingMark {
  finding: Finding;
  /** In pixel edges of the image. */
  box: Box;
  /** "central": the slice that the finding names; "through": another one that its box passes. */
  section: "central" | "through";
}

/** A slice that only touches the box with its edge does not show the lesion. */
const EDGE_MM = 0.01;

export type BoxLps = NonNullable<Finding["box_lps_mm"]>;

function cornersOf([x0, y0, z0, x1, y1, z1]: BoxLps): Vector[] {
  return [x0, x1].flatMap((x) => [y0, y1].flatMap((y) => [z0, z1].map((z): Vector => [x, y, z])));
}

/** True where the plane, or a slab that reaches so far to both sides of it, runs through the box. */
export function crosses(plane: Plane, box: BoxLps, reachMm = EDGE_MM): boolean {
  const [least, most] = depthSpan(plane, box);
  return least <= reachMm && most >= -reachMm;
}

function depthSpan(plane: Plane, box: BoxLps): readonly [number, number] {
  const normal = cross(plane.row, plane.column);
  const depths = cornersOf(box).map((corner) => dot(minus(corner, plane.position), normal));
  return [Math.min(...depths), Math.max(...depths)];
}

/** How far the box reaches below and above the plane along its normal, in mm: at most 0, and at least 0. */
export function depthsOf(plane: Plane, box: BoxLps): readonly [below: number, above: number] {
  const [least, most] = depthSpan(plane, box);
  return [Math.min(0, least), Math.max(0, most)];
}

/** The box's outline on the plane, in pixel edges; a plane's position is the centre of its first pixel. */
export function projectedBox(plane: Plane, box: BoxLps): Box {
  const points = cornersOf(box).map((corner) => {
    const offset = minus(corner, plane.position);
    return [dot(offset, plane.row) / plane.spacing[0] + 0.5, dot(offset, plane.column) / plane.spacing[1] + 0.5] as const;
  });
  const columns = points.map(([column]) => column);
  const rows = points.map(([, row]) => row);
  return [Math.min(...columns), Math.min(...rows), Math.max(...columns), Math.max(...rows)];
}

/** The mark of one finding on one slice; null where the slice does not show it. */
export function markOn(finding: Finding, slice: Slice): FindingMark | null {
  if (finding.series_instance_uid !== slice.seriesInstanceUid) return null;
  const central = finding.sop_instance_uid === slice.sopInstanceUid;
  const { box_lps_mm: lps, box_px: pixels } = finding;
  if (central && pixels !== null) return { finding, box: pixels, section: "central" };
  if (slice.plane === null || lps === null) return null;
  if (!central && !crosses(slice.plane, lps)) return null;
  return { finding, box: pixels ?? projectedBox(slice.plane, lps), section: central ? "central" : "through" };
}

export const marksOn = (findings: readonly Finding[], slice: Slice): FindingMark[] =>
  findings.map((finding) => markOn(finding, slice)).filter((mark) => mark !== null);

/** The short text of a mark: "AI 93% · 21 mm"; of one that a reader drew, "19 mm · AI 93%". */
export function markLabel(finding: Finding): string {
  const probability = `AI ${formatProbability(finding.probability)}`;
  if (finding.diameter_mm === null) return probability;
  const size = `${Math.round(finding.diameter_mm)} mm`;
  return finding.by_model === null ? `${probability} · ${size}` : `${size} · ${probability}`;
}
