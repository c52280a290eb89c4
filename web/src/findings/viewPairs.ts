/** The finding that may be the same lesion on the breast's other view. Pure. */
import type { Finding, Mammography } from "../api/types";

export interface OnOtherView {
  finding: Finding;
  /** "CC" or "MLO". */
  view: string;
  toleranceMm: number;
}

export function onOtherView(
  finding: Finding,
  findings: readonly Finding[],
  mammography: Mammography | null,
): OnOtherView | null {
  const pair = mammography?.view_pairs.find(({ finding_ids }) => finding_ids.includes(finding.id));
  const other = findings.find(({ id }) => id !== finding.id && pair?.finding_ids.includes(id));
  if (mammography === null || other === undefined) return null;
  const image = mammography.images.find(({ sop_instance_uid }) => sop_instance_uid === other.sop_instance_uid);
  return { finding: other, view: image?.view_position ?? "", toleranceMm: mammography.view_tolerance_mm };
}
