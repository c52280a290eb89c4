/** What second opinions and multidisciplinary panels ask and order. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post, put } from "./client";
import { keys } from "./hooks";
import type { Comparison, LegalRole, NewComparison, OpinionPanel, Person } from "./types";

const path = encodeURIComponent;
const comparisonKey = (id: string) => ["report", id, "comparison"] as const;
const panelKey = (id: string) => ["consult", id, "panel"] as const;

export function useSpecialists(specialty: string, legalRole: LegalRole) {
  return useQuery({
    queryKey: ["agreements", "specialists", specialty, legalRole],
    queryFn: ({ signal }) =>
      get<Person[]>(`/specialists?${new URLSearchParams({ specialty, legal_role: legalRole }).toString()}`, signal),
  });
}

export function useComparison(consultId: string, enabled: boolean) {
  return useQuery({
    enabled,
    queryKey: comparisonKey(consultId),
    queryFn: ({ signal }) => get<Comparison>(`/consults/${path(consultId)}/comparison`, signal),
  });
}

export function useSaveComparison(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Omit<NewComparison, "version">) => {
      const version = client.getQueryData<Comparison>(comparisonKey(consultId))?.version ?? 0;
      return put<Comparison>(`/consults/${path(consultId)}/comparison`, { ...body, version });
    },
    onSuccess: (stored) => client.setQueryData(comparisonKey(consultId), stored),
    onSettled: () => client.invalidateQueries({ queryKey: comparisonKey(consultId) }),
  });
}

export function usePanel(consultId: string) {
  return useQuery({
    queryKey: panelKey(consultId),
    queryFn: ({ signal }) => get<OpinionPanel>(`/consults/${path(consultId)}/panel`, signal),
  });
}

/** Each names the version of the panel that it was decided on. */
export type PanelStep =
  | { step: "opinion"; specialty: string; text: string }
  | { step: "answer"; specialty: string; agrees: boolean; dissent: string }
  | { step: "opening" }
  | { step: "draft" }
  | { step: "missing-reason"; reason: string };

export function usePanelStep(consultId: string, version: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ step, ...body }: PanelStep) => {
      const send = step === "opening" || step === "draft" ? post : put;
      return send<OpinionPanel>(`/consults/${path(consultId)}/panel/${step}`, { ...body, version });
    },
    onSuccess: (panel) => client.setQueryData(panelKey(consultId), panel),
    onSettled: () => client.invalidateQueries({ queryKey: keys.consult(consultId) }),
  });
}
