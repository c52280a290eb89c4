/** What the report cards of models, and the pictures of findings, ask and order. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { Evidence, ModelReportCards } from "./types";

export const modelKeys = { reportCards: ["report-cards"] } as const;
const path = encodeURIComponent;

export function useReportCards() {
  return useQuery({
    queryKey: modelKeys.reportCards,
    queryFn: ({ signal }) => get<ModelReportCards>("/report-cards", signal),
  });
}

export function useResumeModel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, version, reason }: { name: string; version: string; reason: string }) =>
      post<unknown>(`/models/${path(name)}/${path(version)}/steps`, { step: "resume", reason }),
    onSettled: () => client.invalidateQueries({ queryKey: modelKeys.reportCards }),
  });
}

const NOT_YET_MS = 4_000;
const MOST_LOOKS = 30;

export function useEvidence(findingId: string) {
  return useQuery({
    queryKey: ["evidence", findingId],
    queryFn: ({ signal }) => get<Evidence>(`/findings/${path(findingId)}/evidence`, signal),
    staleTime: 60_000,
    // They are made after the finding is published, when the worker has nothing more urgent to do.
    refetchInterval: ({ state }) =>
      state.data?.pictures.length === 0 && state.dataUpdateCount < MOST_LOOKS ? NOT_YET_MS : false,
  });
}

export const pictureUrl = (findingId: string, name: string) => `/api/findings/${path(findingId)}/evidence/${path(name)}`;
