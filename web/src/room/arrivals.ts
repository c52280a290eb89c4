/** What is worth telling the room when the consult's studies change. Pure. */
import type { StudySummary } from "../api/types";

export type Arrival =
  | { kind: "study"; study: StudySummary }
  | { kind: "findings"; study: StudySummary; count: number }
  | { kind: "unread"; study: StudySummary };

/** Compare two states of the consult's studies; the first state (no `before`) is no news. */
export function arrivals(before: readonly StudySummary[] | null, after: readonly StudySummary[]): Arrival[] {
  if (before === null) return [];
  const known = new Map(before.map((study) => [study.study_instance_uid, study]));
  return after.flatMap((study): Arrival[] => {
    const old = known.get(study.study_instance_uid);
    const added: Arrival[] = old === undefined ? [{ kind: "study", study }] : [];
    if (old?.ai.status === study.ai.status) return added;
    if (study.ai.status === "completed") added.push({ kind: "findings", study, count: study.ai.finding_count });
    if (study.ai.status === "failed" || study.ai.status === "not-usable") added.push({ kind: "unread", study });
    return added;
  });
}
