/** What was signed of a report, as hooks. */
import { useQuery } from "@tanstack/react-query";

import { get } from "./client";
import { keys } from "./hooks";
import type { SectionDifference, SignedVersion, Templates } from "./types";

const path = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/report/versions`;
/** Below the report's own key: whatever makes that stale makes this stale. */
const versionsKey = (consultId: string) => [...keys.report(consultId), "versions"] as const;

export function useSignedVersions(consultId: string, enabled = true) {
  return useQuery({
    queryKey: versionsKey(consultId),
    queryFn: ({ signal }) => get<SignedVersion[]>(path(consultId), signal),
    enabled,
  });
}

export const templateKeys = { all: ["report-templates"] as const };

/** What the own institution's reports can be written in. */
export function useReportTemplates() {
  return useQuery({
    queryKey: templateKeys.all,
    queryFn: ({ signal }) => get<Templates>("/report-templates", signal),
  });
}

/** What version `after` says otherwise than version `before`. */
export function useVersionDifference(consultId: string, before: number, after: number) {
  return useQuery({
    queryKey: [...versionsKey(consultId), before, after],
    queryFn: ({ signal }) => get<SectionDifference[]>(`${path(consultId)}/${after}/difference?before=${before}`, signal),
    staleTime: Infinity,
  });
}
