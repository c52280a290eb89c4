/** The worklist: its pages, who reads which study, and saved views. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { CSRF_HEADER, del, get, post, put } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type WorklistRow = Schemas["WorklistRowOut"];
export type ListedConsult = Schemas["ListedConsultOut"];
export type Reading = Schemas["ReadingOut"];
export type View = Schemas["ViewOut"];
export type NewView = Schemas["ViewIn"];
type Worklist = Schemas["WorklistOut"];

export const worklistKeys = {
  all: ["worklist"] as const,
  reading: (uid: string) => ["reading", uid] as const,
  choices: ["worklist-choices"] as const,
  views: ["worklist-views"] as const,
};

const ofStudy = (uid: string) => `/worklist/studies/${encodeURIComponent(uid)}`;

/** The pages read so far. `address` is the page's own query, `ask` turns it into the server's at this moment. */
export function useWorklist(address: string, ask: () => URLSearchParams, pollMs: number | false) {
  return useInfiniteQuery({
    queryKey: [...worklistKeys.all, address],
    queryFn: ({ pageParam, signal }) => {
      const query = ask();
      if (pageParam !== null) query.set("after", pageParam);
      return get<Worklist>(`/worklist?${query.toString()}`, signal);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: pollMs,
  });
}

export function useWorklistChoices() {
  return useQuery({
    queryKey: worklistKeys.choices,
    queryFn: ({ signal }) => get<Schemas["WorklistChoicesOut"]>("/worklist/choices", signal),
    staleTime: 60_000,
  });
}

export function useViews() {
  return useQuery({
    queryKey: worklistKeys.views,
    queryFn: ({ signal }) => get<View[]>("/worklist/views", signal),
    staleTime: 60_000,
  });
}

export function useSaveView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...view }: NewView & { id?: string }) =>
      id === undefined
        ? post<View>("/worklist/views", view)
        : put<View>(`/worklist/views/${encodeURIComponent(id)}`, view),
    onSuccess: () => client.invalidateQueries({ queryKey: worklistKeys.views }),
  });
}

export function useRemoveView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => del<unknown>(`/worklist/views/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: worklistKeys.views }),
  });
}

export interface Assignment {
  uid: string;
  to: string | null;
  was: string | null;
}

/** Whatever becomes of it, what is shown afterwards is what the server says. */
export function useAssign() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ uid, to, was }: Assignment) =>
      put<Reading>(`${ofStudy(uid)}/assignment`, { assignee_id: to, was_id: was }),
    onSettled: (_reading, _error, { uid }) => {
      void client.invalidateQueries({ queryKey: worklistKeys.all });
      void client.invalidateQueries({ queryKey: worklistKeys.reading(uid) });
    },
  });
}

export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ uid, isRead }: { uid: string; isRead: boolean }) =>
      put<Reading>(`${ofStudy(uid)}/read`, { is_read: isRead }),
    onSettled: (_reading, _error, { uid }) => {
      void client.invalidateQueries({ queryKey: worklistKeys.all });
      void client.invalidateQueries({ queryKey: worklistKeys.reading(uid) });
    },
  });
}

const STILL_OPEN_MS = 30_000;

/** Says that this page has the study open, again and again while it is shown, and who has it instead. */
export function useOpening(uid: string) {
  return useQuery({
    queryKey: worklistKeys.reading(uid),
    queryFn: () => post<Reading>(`${ofStudy(uid)}/opening`, {}),
    refetchInterval: STILL_OPEN_MS,
    refetchIntervalInBackground: true,
    gcTime: 0,
  });
}

export function useTakeOver(uid: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => post<Reading>(`${ofStudy(uid)}/opening`, { take_over_reason: reason }),
    onSuccess: (reading) => client.setQueryData(worklistKeys.reading(uid), reading),
  });
}

/** Also while the page goes: `keepalive` lets the request outlive it. What does not arrive, the lease ends. */
export function leaveStudy(uid: string) {
  void fetch(`/api${ofStudy(uid)}/opening`, {
    method: "DELETE",
    headers: CSRF_HEADER,
    credentials: "same-origin",
    keepalive: true,
  }).catch(() => undefined);
}
