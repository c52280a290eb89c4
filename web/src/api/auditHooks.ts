/** What a privacy officer's page asks of the audit log. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";

import { get, post } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type AuditEntry = Schemas["AuditEntryOut"];
export type Deed = Schemas["Deed"];
export type AuditForm = Schemas["AuditForm"];
export type Chain = Schemas["ChainOut"];
export type Verification = Schemas["VerificationOut"];
export type Fault = Schemas["ChainFaultOut"];
export type Viewer = Schemas["ViewerOut"];

/** What is searched for; a field that is missing narrows nothing down. */
export interface AuditFilter {
  person?: string;
  patient?: string;
  deed?: Deed;
  refused?: "true" | "false";
  address?: string;
  since?: string;
  until?: string;
}

const queryOf = (filter: AuditFilter, more: Record<string, string> = {}) =>
  new URLSearchParams({ ...filter, ...more }).toString();

export const exportAddress = (filter: AuditFilter, form: AuditForm) =>
  `/api/audit/export?${queryOf(filter, { form })}`;

export function useAuditEntries(filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ["audit", "entries", filter],
    queryFn: ({ pageParam, signal }) =>
      get<Schemas["AuditPageOut"]>(
        `/audit/entries?${queryOf(filter, pageParam === null ? {} : { before: String(pageParam) })}`,
        signal,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    // Each search is an entry of its own: it is asked again when somebody asks.
    refetchOnWindowFocus: false,
    retry: false,
  });
}

export function useViewers(patient: string | null) {
  return useQuery({
    queryKey: ["audit", "viewers", patient],
    queryFn: ({ signal }) => get<Schemas["ViewersOut"]>(`/audit/viewers?${queryOf({ patient: patient ?? "" })}`, signal),
    enabled: patient !== null,
    refetchOnWindowFocus: false,
    retry: false,
  });
}

export function useChain() {
  return useQuery({ queryKey: ["audit", "chain"], queryFn: ({ signal }) => get<Chain>("/audit/chain", signal) });
}

export const useVerifyChain = () =>
  useMutation({ mutationFn: () => post<Verification>("/audit/chain/verification") });
