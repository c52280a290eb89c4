/** Templates of reports as an administrator keeps them. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, post, put } from "./client";
import { templateKeys } from "./reportHooks";
import type { ReadTemplate, Template, WholeTemplate } from "./types";

const path = encodeURIComponent;

/** A template's newest version, whole. */
export function useReportTemplate(id: string) {
  return useQuery({
    queryKey: [...templateKeys.all, id],
    queryFn: ({ signal }) => get<WholeTemplate>(`/report-templates/${path(id)}`, signal),
    // What is being changed is not exchanged under the hand; publishing notices a newer one.
    staleTime: Infinity,
  });
}

function useDeed<T>(deed: (body: T) => Promise<WholeTemplate>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSuccess: () => client.invalidateQueries({ queryKey: templateKeys.all }),
  });
}

export interface Publication {
  content: Template;
  /** The template of the own institution that it is the next version of; null: it is a new one. */
  next: { id: string; version: number } | null;
  copiedFrom: string | null;
}

export const usePublishTemplate = () =>
  useDeed(({ content, next, copiedFrom }: Publication) =>
    next === null
      ? post<WholeTemplate>("/report-templates", { content, copied_from: copiedFrom })
      : post<WholeTemplate>(`/report-templates/${path(next.id)}/versions`, { content, based_on: next.version }),
  );

export const useRetireTemplate = () =>
  useDeed(({ id, retired }: { id: string; retired: boolean }) =>
    put<WholeTemplate>(`/report-templates/${path(id)}/retirement`, { retired }),
  );

/** What a file in the form of IHE MRRT becomes here; nothing is kept of it on the server. */
export const useReadMrrt = () =>
  useMutation({
    mutationFn: async (file: File) =>
      post<ReadTemplate>("/report-templates/mrrt-readings", { html: await file.text() }),
  });
