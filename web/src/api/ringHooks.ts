/** What rings for the user, and how a request of the own institution rings at others. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { Consult, Ring, Ringing } from "./types";

export const ringKeys = {
  all: ["rings"] as const,
  ofConsult: (id: string) => ["consult", id, "ringing"] as const,
};
const path = encodeURIComponent;

export function useRings(pollMs: number | false) {
  return useQuery({
    queryKey: ringKeys.all,
    queryFn: ({ signal }) => get<Ring[]>("/rings", signal),
    refetchInterval: pollMs,
  });
}

export function useRinging(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: ringKeys.ofConsult(consultId),
    queryFn: ({ signal }) => get<Ringing>(`/consults/${path(consultId)}/ringing`, signal),
    refetchInterval: pollMs,
  });
}

export function useAcceptRing() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (consultId: string) => post<Consult>(`/rings/${path(consultId)}/acceptance`),
    onSettled: () => {
      for (const queryKey of [ringKeys.all, ["consult"], ["consults"]]) void client.invalidateQueries({ queryKey });
    },
  });
}

export function useDismissRing() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (consultId: string) => post<undefined>(`/rings/${path(consultId)}/dismissal`),
    onSettled: () => client.invalidateQueries({ queryKey: ringKeys.all }),
  });
}
