/** The key images of a study, as hooks. */
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, put } from "./client";
import type { KeyImage, NewKeyImage } from "./types";

export const keyImageKey = (studyInstanceUid: string) => ["key-images", studyInstanceUid] as const;
const at = (studyInstanceUid: string) => `/studies/${encodeURIComponent(studyInstanceUid)}/key-images`;

const queryOf = (studyInstanceUid: string, pollMs: number | false) => ({
  queryKey: keyImageKey(studyInstanceUid),
  queryFn: ({ signal }: { signal: AbortSignal }) => get<KeyImage[]>(at(studyInstanceUid), signal),
  refetchInterval: pollMs,
});

/** In the order in which they were marked. */
export const useKeyImages = (studyInstanceUid: string, pollMs: number | false) => useQuery(queryOf(studyInstanceUid, pollMs));

/** Those of several studies, one answer for each. */
export const useKeyImagesOf = (studyInstanceUids: readonly string[], pollMs: number | false) =>
  useQueries({ queries: studyInstanceUids.map((one) => queryOf(one, pollMs)) });

/** What the server takes of a key image: sent again, it is as it was, also where it was removed. */
export const asSent = ({ sop_instance_uid, frame, window, invert, turn, note }: KeyImage): NewKeyImage => ({
  sop_instance_uid,
  frame,
  window,
  invert,
  turn,
  note,
});

/** Changes are on the screen at once; what the server refuses goes back. */
export function useKeyImageSteps(studyInstanceUid: string) {
  const client = useQueryClient();
  const queryKey = keyImageKey(studyInstanceUid);
  const one = (id: string) => `${at(studyInstanceUid)}/${encodeURIComponent(id)}`;
  const change = (next: (all: readonly KeyImage[]) => KeyImage[]) => {
    void client.cancelQueries({ queryKey });
    client.setQueryData<KeyImage[]>(queryKey, (all) => next(all ?? []));
  };
  const onSettled = () => client.invalidateQueries({ queryKey });
  return {
    keep: useMutation({
      mutationFn: (wanted: KeyImage) => put<KeyImage>(one(wanted.id), asSent(wanted)),
      onMutate: (wanted) =>
        change((all) =>
          all.some(({ id }) => id === wanted.id) ? all.map((each) => (each.id === wanted.id ? wanted : each)) : [...all, wanted],
        ),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: ({ id }: KeyImage) => del<void>(one(id)),
      onMutate: ({ id }) => change((all) => all.filter((each) => each.id !== id)),
      onSettled,
    }),
  };
}
