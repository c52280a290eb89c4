/** What a user is told, and by which channels besides the page. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, post, put } from "./client";
import type { Channel, NewPushDevice, NotificationChoices, NotificationTerms, Notifications, TestOutcome } from "./types";

export const notificationKeys = {
  all: ["notifications"] as const,
  list: ["notifications", "list"] as const,
  choices: ["notifications", "choices"] as const,
};
const path = encodeURIComponent;

export function useNotifications(pollMs: number | false = false) {
  return useQuery({
    queryKey: notificationKeys.list,
    queryFn: ({ signal }) => get<Notifications>("/notifications", signal),
    refetchInterval: pollMs,
  });
}

/** `null` marks all of them. */
export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (ids: readonly string[] | null) => post<undefined>("/notifications/read", { ids }),
    onSettled: () => client.invalidateQueries({ queryKey: notificationKeys.list }),
  });
}

export function useNotificationChoices() {
  return useQuery({
    queryKey: notificationKeys.choices,
    queryFn: ({ signal }) => get<NotificationChoices>("/notifications/choices", signal),
  });
}

function useChoicesDeed<T>(deed: (body: T) => Promise<NotificationChoices>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSuccess: (choices) => client.setQueryData(notificationKeys.choices, choices),
  });
}

export const useSaveChoices = () =>
  useChoicesDeed((terms: NotificationTerms) => put<NotificationChoices>("/notifications/choices", terms));

export const useAddPushDevice = () =>
  useChoicesDeed(async (subscribe: () => Promise<NewPushDevice>) =>
    post<NotificationChoices>("/notifications/devices", await subscribe()),
  );

export const useRemovePushDevice = () =>
  useChoicesDeed((id: string) => del<NotificationChoices>(`/notifications/devices/${path(id)}`));

export function useSendTest() {
  return useMutation({ mutationFn: (channel: Channel) => post<TestOutcome>("/notifications/test", { channel }) });
}
