import type { StudyDetail } from "../api/types";

/** The series to open a study with: one with findings, else one the AI can read, else the one with most images. */
export function openingSeries(study: StudyDetail): string | null {
  const marked = new Set(study.findings.map(({ series_instance_uid }) => series_instance_uid));
  const worth = (uid: string, verdict: string | null) =>
    (marked.has(uid) ? 2 : 0) + (verdict === "usable" || verdict === "usable-with-caution" ? 1 : 0);
  const [best] = [...study.series].sort(
    (a, b) =>
      worth(b.series_instance_uid, b.verdict) - worth(a.series_instance_uid, a.verdict) ||
      b.instance_count - a.instance_count,
  );
  return best?.series_instance_uid ?? null;
}
