import type { StudyDetail } from "../api/types";

/** The series to open a study with: one with findings, else one the AI can read, else a mammogram, which opens with the
 * views that hang beside it, else the one with most images.
 */
export function openingSeries(study: StudyDetail): string | null {
  const marked = new Set(study.findings.map(({ series_instance_uid }) => series_instance_uid));
  const worth = ({ series_instance_uid: uid, verdict, modality }: StudyDetail["series"][number]) =>
    (marked.has(uid) ? 4 : 0) + (verdict === "usable" || verdict === "usable-with-caution" ? 2 : 0) + (modality === "MG" ? 1 : 0);
  const [best] = [...study.series].sort((a, b) => worth(b) - worth(a) || b.instance_count - a.instance_count);
  return best?.series_instance_uid ?? null;
}
