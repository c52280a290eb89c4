/** The order in which findings are read and stepped through. Pure. */
import type { DecisionStatus, Finding, Series } from "../api/types";

/** By series as they stand, in each the most probable first: the same list on every screen of a session. */
export function orderedFindings(findings: readonly Finding[], series: readonly Series[]): Finding[] {
  const rank = new Map(series.map(({ series_instance_uid }, index) => [series_instance_uid, index]));
  return [...findings].sort(
    (a, b) =>
      (rank.get(a.series_instance_uid) ?? series.length) - (rank.get(b.series_instance_uid) ?? series.length) ||
      b.probability - a.probability ||
      a.id.localeCompare(b.id),
  );
}

/** The finding `step` places on; from nothing selected, the first or the last. Stops at the ends. */
export function neighbour(findings: readonly Finding[], selectedId: string | null, step: 1 | -1): Finding | null {
  const at = findings.findIndex(({ id }) => id === selectedId);
  if (at === -1) return findings.at(step === 1 ? 0 : -1) ?? null;
  return findings[Math.min(findings.length - 1, Math.max(0, at + step))] ?? null;
}

/** The decisions that change something for a finding in this status. */
export const POSSIBLE_DECISIONS: Readonly<Record<DecisionStatus, readonly DecisionStatus[]>> = {
  preliminary: ["accepted", "edited", "rejected"],
  accepted: ["edited", "rejected", "preliminary"],
  edited: ["edited", "rejected", "preliminary"],
  rejected: ["accepted", "edited", "preliminary"],
};

export const mayDecide = (finding: Finding, status: DecisionStatus) =>
  POSSIBLE_DECISIONS[finding.status].includes(status);

/** After a decision the eye goes to the next undecided one, around the end if need be. */
export function nextUndecided(findings: readonly Finding[], afterId: string): Finding | null {
  const at = findings.findIndex(({ id }) => id === afterId);
  const around = [...findings.slice(at + 1), ...findings.slice(0, Math.max(0, at))];
  return around.find(({ status }) => status === "preliminary") ?? null;
}

/** The slice that a finding refers to, as the viewer counts; null where its series has but one image. */
export function sliceNumber(finding: Finding, series: readonly Series[]): number | null {
  const own = series.find(({ series_instance_uid }) => series_instance_uid === finding.series_instance_uid);
  const index = own?.instances.findIndex(({ sop_instance_uid }) => sop_instance_uid === finding.sop_instance_uid) ?? -1;
  return index === -1 || own?.instances.length === 1 ? null : index + 1;
}
