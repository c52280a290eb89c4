/** The still pictures of a consult, as hooks. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { send } from "../upload/transport";
import { get, post } from "./client";
import type { components } from "./schema";
import type { Still } from "./types";

/** What is said of a picture: `StillIn` of teleconsult/stills/schemas.py, which travels in a header. */
export interface StillAbout {
  camera_of: string;
  source: Still["source"];
  taken_at: string;
  title: string;
  body_site: Still["body_site"];
  laterality: Still["laterality"];
}

export interface StillToKeep {
  /** The same for each try: what was kept already is not kept twice. */
  id: string;
  picture: Blob;
  about: StillAbout;
}

/** Below the consult's own key: whatever makes that stale makes this stale. */
const stillsKey = (consultId: string) => ["consult", consultId, "stills"] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/stills`;

export function useStills(consultId: string, pollMs: number | false) {
  return useQuery({
    queryKey: stillsKey(consultId),
    queryFn: ({ signal }) => get<Still[]>(at(consultId), signal),
    refetchInterval: pollMs,
  });
}

export function useKeepStill(consultId: string, onProgress: (sentFraction: number) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, picture, about }: StillToKeep) => {
      const headers = { "X-Still": encodeURIComponent(JSON.stringify(about)) };
      const sending = { signal: new AbortController().signal, onProgress };
      return send<Still>("PUT", `${at(consultId)}/${encodeURIComponent(id)}`, headers, picture, sending);
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["consult", consultId] }),
  });
}

export function useDeleteStill(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string } & components["schemas"]["StillDeletionIn"]) =>
      post<void>(`${at(consultId)}/${encodeURIComponent(id)}/deletion`, body),
    onSuccess: () => client.invalidateQueries({ queryKey: ["consult", consultId] }),
  });
}
