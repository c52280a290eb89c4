/** What the page on which studies and patients are kept in order asks and orders. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, post } from "./client";
import { keys } from "./hooks";
import type { Management, NewRetentionRule, PatientMergeRequest, Reconciliation, RetentionPreview, StudySplit } from "./types";

const MANAGEMENT = "management";
const path = encodeURIComponent;

export function useManagement(text: string) {
  return useQuery({
    queryKey: [MANAGEMENT, text],
    queryFn: ({ signal }) => get<Management>(`/manage?q=${path(text)}`, signal),
    placeholderData: keepPreviousData,
  });
}

function useDeed<T, R = unknown>(deed: (body: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () =>
      Promise.all(
        [[MANAGEMENT], keys.studies, ["study"], keys.patients, keys.consults].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  });
}

export const useDeleteStudy = () =>
  useDeed(({ uid, reason }: { uid: string; reason: string }) =>
    post<unknown>(`/manage/studies/${path(uid)}/deletion`, { reason }),
  );

export const useSplitStudy = () =>
  useDeed(({ uid, split }: { uid: string; split: StudySplit }) =>
    post<{ study_instance_uid: string }>(`/manage/studies/${path(uid)}/split`, split),
  );

export const useMoveStudy = () =>
  useDeed(({ uid, to }: { uid: string; to: "cold" | "recall" }) =>
    post<unknown>(`/manage/studies/${path(uid)}/${to}`),
  );

export const useMergePatients = () =>
  useDeed((body: PatientMergeRequest) => post<{ id: string }>("/manage/merges", body));

export const useUndoMerge = () =>
  useDeed(({ id, reason }: { id: string; reason: string }) =>
    post<unknown>(`/manage/merges/${path(id)}/undo`, { reason }),
  );

export const useAddRule = () => useDeed((rule: NewRetentionRule) => post<unknown>("/manage/retention-rules", rule));

/** Null: nothing to ask. */
export function useRulePreview(rule: { modality: string; days: number | null } | null) {
  const { modality = "", days = null } = rule ?? {};
  const query = new URLSearchParams({ older_than_days: String(days), action: "delete" });
  if (modality !== "") query.set("modality", modality);
  return useQuery({
    queryKey: [MANAGEMENT, "preview", query.toString()],
    queryFn: ({ signal }) => get<RetentionPreview>(`/manage/retention-rules/preview?${query.toString()}`, signal),
    enabled: days !== null && days > 0,
    retry: false,
  });
}

export const useRemoveRule = () => useDeed((id: string) => del<unknown>(`/manage/retention-rules/${path(id)}`));

export const useResolveConflict = () =>
  useDeed(({ id, reason }: { id: string; reason: string }) =>
    post<unknown>(`/manage/conflicts/${path(id)}/resolution`, { reason }),
  );

export const useReconcile = () => useDeed(() => post<Reconciliation>("/manage/reconciliation"));
