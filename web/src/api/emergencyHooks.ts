/** Cases opened in an emergency: by the user, and as a privacy officer reviews them. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type EmergencyKind = Schemas["EmergencyKind"];
export type EmergencyAccess = Schemas["EmergencyAccessOut"];
export type OwnAccess = Schemas["OwnAccessOut"];
export type NewEmergencyAccess = Schemas["EmergencyAccessIn"];
export type AccessReview = Schemas["AccessReviewIn"];

const KEY = "emergency-accesses";
const at = (id: string, step: string) => `/emergency-accesses/${encodeURIComponent(id)}/${step}`;

/** What the user has open, and for how long and with how many words a case is opened. */
export function useOwnAccesses(enabled = true) {
  return useQuery({
    queryKey: [KEY, "own"],
    queryFn: ({ signal }) => get<Schemas["OwnAccessesOut"]>("/emergency-accesses/own", signal),
    enabled,
  });
}

/** Opening and ending change what the user sees everywhere. */
function useStep<Body, Answer>(step: (body: Body) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: step, onSuccess: () => client.invalidateQueries() });
}

export const useOpenInEmergency = () =>
  useStep((body: NewEmergencyAccess) => post<OwnAccess>("/emergency-accesses", body));

export const useEndAccess = () => useStep((id: string) => post<void>(at(id, "end")));

export function useAccesses(reviewed: boolean, pollMs: number | false) {
  return useQuery({
    queryKey: [KEY, "reviews", reviewed],
    queryFn: ({ signal }) => get<EmergencyAccess[]>(`/emergency-accesses?reviewed=${reviewed}`, signal),
    refetchInterval: pollMs,
  });
}

export function useReviewAccess() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, review }: { id: string; review: AccessReview }) =>
      post<EmergencyAccess>(at(id, "review"), review),
    onSettled: () => client.invalidateQueries({ queryKey: [KEY] }),
  });
}
