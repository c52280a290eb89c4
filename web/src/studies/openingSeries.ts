import { addresses } from "../api/client";
import type { StudyDetail } from "../api/types";
import { openingIndex } from "../viewer/slices";

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

/** Where the image is that the page opens with; null where there is none to fetch. */
export function openingImage(study: StudyDetail, findingId: string | null): string | null {
  if (study.tier !== "archive") return null;
  const linked = study.findings.find(({ id }) => id === findingId);
  const uid = linked?.series_instance_uid ?? openingSeries(study);
  const instances = study.series.find(({ series_instance_uid }) => series_instance_uid === uid)?.instances ?? [];
  const image = linked?.sop_instance_uid ?? instances[openingIndex(instances.length)]?.sop_instance_uid;
  return image === undefined ? null : addresses.instanceFile(study.study_instance_uid, image);
}

/** Of mammograms four hang side by side: no single image stands for them. */
export const hangs = ({ series }: StudyDetail) => series.some(({ modality }) => modality === "MG");
