/** The chat of a consult, as hooks. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";

import { send } from "../upload/transport";
import { get, patch, post, put } from "./client";
import type { Chat, ChatMessage, KeyImage } from "./types";
import { worklistKeys } from "./worklistHooks";

export const chatKey = (consultId: string) => ["chat", consultId] as const;
const at = (consultId: string) => `/consults/${encodeURIComponent(consultId)}/chat`;

/** Pages of a hundred messages, the newest page first; each page has its oldest message first. */
export function useChat(consultId: string, pollMs: number | false, enabled = true) {
  return useInfiniteQuery({
    enabled,
    queryKey: chatKey(consultId),
    queryFn: ({ pageParam, signal }) =>
      get<Chat>(pageParam === null ? at(consultId) : `${at(consultId)}?before=${pageParam}`, signal),
    initialPageParam: null as number | null,
    getNextPageParam: ({ messages }) => {
      const first = messages[0]?.number ?? 1;
      return first > 1 ? first : undefined;
    },
    refetchInterval: pollMs,
  });
}

/** Messages of others that the user has not seen; 0 while there is no chat. */
export const useUnread = (consultId: string, pollMs: number | false, isThere = true): number =>
  useChat(consultId, pollMs, isThere).data?.pages[0]?.unread_count ?? 0;

export interface NewMessage {
  id: string;
  text: string;
  /** What goes with it. */
  attached: File | KeyImage | null;
}

/** What changes the chat; the id of a new message is the same for each try, so that it is written once. */
export function useChatSteps(consultId: string) {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: chatKey(consultId) });
  const one = (id: string) => `${at(consultId)}/${encodeURIComponent(id)}`;
  return {
    write: useMutation({
      mutationFn: ({ id, text, attached }: NewMessage) => {
        if (attached === null) return put<ChatMessage>(one(id), { text });
        if (!(attached instanceof File)) {
          const { study_instance_uid, id: key_image_id } = attached;
          return put<ChatMessage>(`${one(id)}/key-image`, { study_instance_uid, key_image_id, text });
        }
        const headers = { "X-File": encodeURIComponent(JSON.stringify({ name: attached.name, text })) };
        const sending = { signal: new AbortController().signal, onProgress: () => undefined };
        return send<ChatMessage>("PUT", `${one(id)}/file`, headers, attached, sending);
      },
      onSuccess,
    }),
    edit: useMutation({
      mutationFn: ({ id, text }: { id: string; text: string }) => patch<ChatMessage>(one(id), { text }),
      onSuccess,
    }),
    withdraw: useMutation({
      mutationFn: ({ id, reason }: { id: string; reason: string }) => post<ChatMessage>(`${one(id)}/withdrawal`, { reason }),
      onSuccess,
    }),
    markRead: useMutation({
      mutationFn: (number: number) => post<void>(`${at(consultId)}/read`, { number }),
      onSuccess: () => Promise.all([onSuccess(), client.invalidateQueries({ queryKey: worklistKeys.all })]),
    }),
  };
}
