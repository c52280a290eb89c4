/** Has on its way what a study's page needs first, while the scripts of the page are still coming. */
import type { QueryClient } from "@tanstack/react-query";

import { addresses } from "../api/client";
import { studyQuery } from "../api/hooks";
import type { StudyDetail } from "../api/types";
import { fetchViewerAhead } from "../viewer/lazyViewer";
import { openingIndex } from "../viewer/slices";
import { openingSeries } from "./openingSeries";

/** Where the image is that the page opens with; null where there is none to fetch. */
export function openingImage(study: StudyDetail, findingId: string | null): string | null {
  if (study.tier !== "archive") return null;
  const linked = study.findings.find(({ id }) => id === findingId);
  const uid = linked?.series_instance_uid ?? openingSeries(study);
  const instances = study.series.find(({ series_instance_uid }) => series_instance_uid === uid)?.instances ?? [];
  const image = linked?.sop_instance_uid ?? instances[openingIndex(instances.length)]?.sop_instance_uid;
  return image === undefined ? null : addresses.instanceFile(study.study_instance_uid, image);
}

/** What fails here fails again, with its words, where it is shown. */
export async function fetchStudyAhead(client: QueryClient, uid: string, findingId: string | null): Promise<void> {
  fetchViewerAhead();
  try {
    const image = openingImage(await client.fetchQuery(studyQuery(uid)), findingId);
    // Into the browser's cache, where the viewer finds it: stored images never change.
    if (image !== null) await (await fetch(image)).arrayBuffer();
  } catch {
    // Told by the page.
  }
}
