/** Has on its way what a study's page needs first, while the scripts of the page are still coming. */
import type { QueryClient } from "@tanstack/react-query";

import { studyQuery } from "../api/hooks";
import { fetchViewerAhead } from "../viewer/lazyViewer";
import { pictureAt } from "../viewer/pictures";
import { openingImage } from "./openingSeries";

/** What fails here fails again, with its words, where it is shown. */
export async function fetchStudyAhead(client: QueryClient, uid: string, findingId: string | null): Promise<void> {
  fetchViewerAhead();
  try {
    const image = openingImage(await client.fetchQuery(studyQuery(uid)), findingId);
    if (image !== null) await pictureAt(image);
  } catch {
    // Told by the page.
  }
}
