/** What was recorded of a consult, as hooks. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, patch } from "./client";
import type { Recording, RetentionClass } from "./types";

const RECORDING_POLL_MS = 5_000;
/** Below the consult's own key: whatever makes that stale makes this stale. */
const recordingsKey = (consultId: string) => ["consult", consultId, "recordings"] as const;

export function useRecordings(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: recordingsKey(consultId),
    queryFn: ({ signal }) => get<Recording[]>(`/consults/${encodeURIComponent(consultId)}/recordings`, signal),
    // The recorder tells nobody how far it is.
    refetchInterval: ({ state }) => (state.data?.some((one) => one.status === "recording") ? RECORDING_POLL_MS : pollMs),
  });
}

export function useKeepRecording(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, retention }: { id: string; retention: RetentionClass }) =>
      patch<Recording>(`/consults/${encodeURIComponent(consultId)}/recordings/${encodeURIComponent(id)}`, { retention_class: retention }),
    onSettled: () => client.invalidateQueries({ queryKey: recordingsKey(consultId) }),
  });
}

export function useDeleteRecording(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => del<void>(`/consults/${encodeURIComponent(consultId)}/recordings/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: recordingsKey(consultId) }),
  });
}
