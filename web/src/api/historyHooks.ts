/** The patient's history, as hooks. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { HistoryItem, HistoryRecord, PatientHistory, ReadBundle } from "./types";

/** Below the consult's own key: whatever makes that stale makes this stale. */
const historyKey = (consultId: string) => ["consult", consultId, "history"] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/history`;

export function useHistory(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: historyKey(consultId),
    queryFn: ({ signal }) => get<PatientHistory>(at(consultId), signal),
    refetchInterval: pollMs,
  });
}

/** The type-ahead; it changes with the software only. */
export function useHistoryItems() {
  return useQuery({
    queryKey: ["history-items"],
    queryFn: ({ signal }) => get<HistoryItem[]>("/history-items", signal),
    staleTime: Infinity,
  });
}

export function useAddHistory(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (records: HistoryRecord[]) => post<PatientHistory>(at(consultId), { records }),
    onSuccess: (history) => client.setQueryData(historyKey(consultId), history),
  });
}

export function useMarkHistoryWrong(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      post<PatientHistory>(`${at(consultId)}/${encodeURIComponent(id)}/error`, { reason }),
    onSuccess: (history) => client.setQueryData(historyKey(consultId), history),
  });
}

/** What a FHIR bundle says. What is no JSON is sent all the same: the server says what is wrong with it. */
export function useReadBundle() {
  return useMutation({
    mutationFn: ({ text, patientId }: { text: string; patientId: string }) => {
      let document: unknown = text;
      try {
        document = JSON.parse(text);
      } catch {
        // Sent as a text, which is no bundle.
      }
      return post<ReadBundle>(`/history-bundle-readings?patient_id=${encodeURIComponent(patientId)}`, document);
    },
  });
}
