/** What the page on legal holds asks and orders. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type LegalHold = Schemas["LegalHoldOut"];
export type HoldSubject = Schemas["HoldSubjectOut"];

/** Letters that the server takes. */
export const MOST_HOLD_REASON = 500;

const HOLDS = "legal-holds";
const path = encodeURIComponent;

export const useLegalHolds = () =>
  useQuery({ queryKey: [HOLDS], queryFn: ({ signal }) => get<LegalHold[]>("/manage/legal-holds", signal) });

/** Nothing is asked before somebody searches: each search is an entry in the audit log. */
export function useHoldSubjects(text: string) {
  return useQuery({
    queryKey: [HOLDS, "subjects", text],
    queryFn: ({ signal }) => get<HoldSubject[]>(`/manage/legal-holds/subjects?q=${path(text)}`, signal),
    enabled: text !== "",
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  });
}

function useDeed<T>(deed: (body: T) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () =>
      Promise.all([[HOLDS], ["management"]].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}

export const usePlaceHolds = () =>
  useDeed((body: Schemas["NewHoldsIn"]) => post<unknown>("/manage/legal-holds", body));

export const useEndHold = () =>
  useDeed(({ id, reason }: { id: string; reason: string }) =>
    post<unknown>(`/manage/legal-holds/${path(id)}/end`, { reason }),
  );
