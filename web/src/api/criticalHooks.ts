/** Critical results: told by the specialist, acknowledged by the side that asked. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type CriticalResult = Schemas["CriticalResultOut"];
export type CriticalResults = Schemas["CriticalResultsOut"];
export type CriticalStatus = Schemas["CriticalStatus"];
export type CriticalCategories = Schemas["CriticalCategoriesOut"];
export type NewCriticalResult = Schemas["CriticalResultIn"];

export const criticalKeys = { waiting: ["critical-results", "waiting"] as const };
const categoriesKey = ["critical-results", "categories"] as const;
/** Below the consult's own key: whatever makes that stale makes this stale. */
const ofConsult = (consultId: string) => ["consult", consultId, "critical-results"] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/critical-results`;

export function useCriticalResults(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: ofConsult(consultId),
    queryFn: ({ signal }) => get<CriticalResults>(at(consultId), signal),
    refetchInterval: pollMs,
  });
}

export function useCriticalWaiting(pollMs: number | false) {
  return useQuery({
    queryKey: criticalKeys.waiting,
    queryFn: ({ signal }) => get<CriticalResult[]>("/critical-results", signal),
    refetchInterval: pollMs,
  });
}

export function useCriticalCategories() {
  return useQuery({
    queryKey: categoriesKey,
    queryFn: ({ signal }) => get<CriticalCategories>("/critical-results/categories", signal),
  });
}

function useStep<Body>(consultId: string, step: (body: Body) => Promise<CriticalResults>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: step,
    onSuccess: (results) => client.setQueryData(ofConsult(consultId), results),
    // After a refusal too: somebody else may have been quicker.
    onSettled: () => {
      for (const queryKey of [ofConsult(consultId), criticalKeys.waiting]) void client.invalidateQueries({ queryKey });
    },
  });
}

export const useRaiseCritical = (consultId: string) =>
  useStep(consultId, (body: NewCriticalResult) => post<CriticalResults>(at(consultId), body));

export type CriticalStep =
  | { step: "acknowledgement"; decision: string }
  | { step: "telephone"; spoken_to: string; read_back: boolean; decision: string }
  | { step: "withdrawal"; reason: string };

export const useCriticalStep = (result: Pick<CriticalResult, "id" | "consult_id">) =>
  useStep(result.consult_id, ({ step, ...body }: CriticalStep) =>
    post<CriticalResults>(`${at(result.consult_id)}/${encodeURIComponent(result.id)}/${step}`, body),
  );
