/** The links by which patients take part in a consult, as hooks for its clinicians. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type PatientLink = Schemas["PatientLinkOut"];
export type PatientLinks = Schemas["PatientLinksOut"];
export type NewPatientLink = Schemas["PatientLinkIn"];
export type MadeLink = Schemas["NewPatientLinkOut"];
export type LinkState = Schemas["LinkState"];

/** Whether a page is still open is known only by its not saying so any more. */
const STATE_POLL_MS = 10_000;
/** Below the consult's own key: whatever makes that stale makes this stale. */
const linksKey = (consultId: string) => ["consult", consultId, "patient-links"] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/patient-links`;

export function usePatientLinks(consultId: string) {
  return useQuery({
    queryKey: linksKey(consultId),
    queryFn: ({ signal }) => get<PatientLinks>(at(consultId), signal),
    refetchInterval: STATE_POLL_MS,
  });
}

export function useMakePatientLink(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewPatientLink) => post<MadeLink>(at(consultId), body),
    onSettled: () => client.invalidateQueries({ queryKey: linksKey(consultId) }),
  });
}

export function useRevokePatientLink(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => post<void>(`${at(consultId)}/${encodeURIComponent(id)}/revocation`),
    onSettled: () => client.invalidateQueries({ queryKey: linksKey(consultId) }),
  });
}
