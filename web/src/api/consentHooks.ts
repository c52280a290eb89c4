/** The consents to a consult, as hooks. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { send } from "../upload/transport";
import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Consent = Schemas["ConsentOut"];
export type Consents = Schemas["ConsentsOut"];
export type ConsentText = Schemas["ConsentTextOut"];
export type NewConsent = Schemas["ConsentIn"];
export type Giver = Schemas["Giver"];
export type Emergency = Schemas["EmergencyOut"];

/** Below the consult's own key: whatever makes that stale makes this stale. */
const consentsKey = (consultId: string) => ["consult", consultId, "consents"] as const;
const emergenciesKey = ["consult", "emergencies"] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/consents`;

export const scanAddress = (consultId: string, consentId: string) =>
  `/api${at(consultId)}/${encodeURIComponent(consentId)}/scan`;

export function useConsents(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: consentsKey(consultId),
    queryFn: ({ signal }) => get<Consents>(at(consultId), signal),
    refetchInterval: pollMs,
  });
}

/** Every step changes the consult too: whether it may start, and whether it goes on. */
function useStep<Body, Answer>(step: (body: Body) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: step,
    onSettled: () => client.invalidateQueries({ queryKey: ["consult"] }),
  });
}

export const useRecordConsent = (consultId: string) =>
  useStep((body: NewConsent) => post<Consents>(at(consultId), body));

export const useWithdrawConsent = (consultId: string) =>
  useStep((reason: string) => post<Consents>(`${at(consultId)}/withdrawal`, { reason }));

export const useReviewEmergency = (consultId: string) =>
  useStep(({ id, note }: { id: string; note: string }) =>
    post<void>(`${at(consultId)}/${encodeURIComponent(id)}/review`, { note }),
  );

export function useSendScan(consultId: string, onProgress: (sentFraction: number) => void) {
  return useStep(({ id, file }: { id: string; file: File }) => {
    const sending = { signal: new AbortController().signal, onProgress };
    return send<Consents>("PUT", `${at(consultId)}/${encodeURIComponent(id)}/scan`, {}, file, sending);
  });
}

/** Emergency reasons that this user may review. */
export function useEmergencies(pollMs: number | false) {
  return useQuery({
    queryKey: emergenciesKey,
    queryFn: ({ signal }) => get<Emergency[]>("/consents/awaiting-review", signal),
    refetchInterval: pollMs,
  });
}
