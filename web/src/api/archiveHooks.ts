/** Questions to and orders for the server about other hospitals' archives. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, post } from "./client";
import type { Archive, ArchiveAnswer, ArchiveOutcome, ArchiveQuery, NewArchive, Retrieval } from "./types";

export const archiveKeys = {
  archives: ["archives"] as const,
  retrievals: ["archives", "retrievals"] as const,
};

const path = encodeURIComponent;

export function useArchives() {
  return useQuery({
    queryKey: archiveKeys.archives,
    queryFn: ({ signal }) => get<Archive[]>("/archives", signal),
  });
}

export function useAddArchive() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewArchive) => post<Archive>("/archives", body),
    onSuccess: () => client.invalidateQueries({ queryKey: archiveKeys.archives }),
  });
}

export function useRemoveArchive() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => del<unknown>(`/archives/${path(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: archiveKeys.archives }),
  });
}

export function useTestArchive(id: string) {
  return useMutation({
    mutationFn: () => post<{ outcome: ArchiveOutcome }>(`/archives/${path(id)}/test`),
  });
}

export function useSearchArchive() {
  return useMutation({
    mutationFn: ({ archiveId, query }: { archiveId: string; query: ArchiveQuery }) =>
      post<ArchiveAnswer>(`/archives/${path(archiveId)}/search`, query),
  });
}

export function useRetrieve() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ archiveId, uid }: { archiveId: string; uid: string }) =>
      post<Retrieval>(`/archives/${path(archiveId)}/retrievals`, { study_instance_uid: uid }),
    onSettled: () => client.invalidateQueries({ queryKey: archiveKeys.retrievals }),
  });
}

export function useRetrievals(pollMs: number | false) {
  return useQuery({
    queryKey: archiveKeys.retrievals,
    queryFn: ({ signal }) => get<Retrieval[]>("/archives/retrievals", signal),
    refetchInterval: pollMs,
  });
}

export function useCancelRetrieval() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => post<Retrieval>(`/archives/retrievals/${path(id)}/cancel`),
    onSettled: () => client.invalidateQueries({ queryKey: archiveKeys.retrievals }),
  });
}
