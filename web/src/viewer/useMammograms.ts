/** The mammograms of a study by their headers alone: how they hang is known before a pixel has come. */
import { useQuery } from "@tanstack/react-query";

import { studyHeaders } from "../api/client";
import { mammogramsFrom, type DicomJson } from "./mammogramHeaders";

export function useMammograms(studyInstanceUid: string | null, instanceCount: number) {
  return useQuery({
    // More images make other headers.
    queryKey: ["study", studyInstanceUid, "headers", instanceCount],
    queryFn: async ({ signal }) => mammogramsFrom((await studyHeaders(studyInstanceUid ?? "", signal)) as DicomJson[]),
    // What hangs stays while the headers of more images come.
    placeholderData: (before, query) => (query?.queryKey[1] === studyInstanceUid ? before : undefined),
    enabled: studyInstanceUid !== null,
    staleTime: Infinity,
  });
}
