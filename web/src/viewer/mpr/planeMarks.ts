/** Where findings are drawn on a plane through their series. Pure. */
import type { Finding } from "../../api/types";
import { crosses, projectedBox, type BoxLps, type FindingMark, type Plane } from "../findingOnSlice";
import { cross, dot, minus, type Vector } from "../orientation";

/** The middle of a finding in LPS mm; null where it has no place in the patient. */
export function centreOf({ centre_lps_mm: centre, box_lps_mm: box }: Finding): Vector | null {
  if (centre !== null) return centre;
  return box === null ? null : [(box[0] + box[3]) / 2, (box[1] + box[4]) / 2, (box[2] + box[5]) / 2];
}

function boxOf(finding: Finding): BoxLps | null {
  const { box_lps_mm: box, diameter_mm: diameter } = finding;
  const centre = centreOf(finding);
  if (box !== null || centre === null || diameter === null) return box;
  const [[x, y, z], r] = [centre, diameter / 2];
  return [x - r, y - r, z - r, x + r, y + r, z + r];
}

/** Those that a plane shows which reaches so many mm to both sides: "central" where it holds their middle. */
export function marksOnPlane(
  findings: readonly Finding[],
  seriesInstanceUid: string,
  plane: Plane,
  reachMm: number,
): FindingMark[] {
  const normal = cross(plane.row, plane.column);
  return findings.flatMap((finding): FindingMark[] => {
    const [box, centre] = [boxOf(finding), centreOf(finding)];
    if (finding.series_instance_uid !== seriesInstanceUid || box === null || !crosses(plane, box, reachMm)) return [];
    const isCentral = centre !== null && Math.abs(dot(minus(centre, plane.position), normal)) <= reachMm;
    return [{ finding, box: projectedBox(plane, box), section: isCentral ? "central" : "through" }];
  });
}
