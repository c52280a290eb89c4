/** What the calendar, the booking of a consult's time and the reminders ask and order. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { del, get, post, put } from "./client";
import { keys } from "./hooks";
import type { Availability, Calendar, CalendarEntry, Consult, NewAppointment, Slots } from "./types";

export const calendarKeys = {
  calendar: ["calendar"] as const,
  slots: ["slots"] as const,
  reminders: ["reminders"] as const,
};
const CLOCK_AGAIN_MS = 300_000;
const path = encodeURIComponent;
const period = (since: Date, until: Date) =>
  new URLSearchParams({ since: since.toISOString(), until: until.toISOString() }).toString();

export function useCalendar(since: Date, until: Date) {
  return useQuery({
    queryKey: [...calendarKeys.calendar, since.toISOString(), until.toISOString()],
    queryFn: ({ signal }) => get<Calendar>(`/calendar?${period(since, until)}`, signal),
  });
}

export function useSlots(consultId: string, since: Date, until: Date) {
  return useQuery({
    queryKey: [...calendarKeys.slots, consultId, since.toISOString()],
    queryFn: ({ signal }) => get<Slots>(`/consults/${path(consultId)}/slots?${period(since, until)}`, signal),
  });
}

export function useBookAppointment(consultId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewAppointment) => put<Consult>(`/consults/${path(consultId)}/appointment`, body),
    onSuccess: (consult) => client.setQueryData(keys.consult(consultId), consult),
    onSettled: () =>
      Promise.all(
        [calendarKeys.slots, calendarKeys.calendar, keys.consult(consultId), keys.consults].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      ),
  });
}

function useCalendarDeed<T, R>(deed: (body: T) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () => client.invalidateQueries({ queryKey: calendarKeys.calendar }),
  });
}

export const useSaveAvailability = () =>
  useCalendarDeed((body: Availability) => put<Availability>("/calendar/availability", body));

export const useMakeFeed = () => useCalendarDeed(() => post<{ path: string }>("/calendar/feed"));

export const useRevokeFeed = () => useCalendarDeed(() => del<undefined>("/calendar/feed"));

export function useReminders(pollMs: number | false) {
  return useQuery({
    queryKey: calendarKeys.reminders,
    queryFn: ({ signal }) => get<CalendarEntry[]>("/reminders", signal),
    refetchInterval: pollMs,
  });
}

export function useSeeReminder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (consultId: string) => post<undefined>(`/reminders/${path(consultId)}/seen`),
    onSettled: () => client.invalidateQueries({ queryKey: calendarKeys.reminders }),
  });
}

/** By how much the server's clock is ahead of this device's, in ms; the answer's way is taken as half of the round trip. */
export function useClockAheadMs(): number {
  const clock = useQuery({
    queryKey: ["clock"],
    queryFn: async ({ signal }) => {
      const asked = Date.now();
      const { now } = await get<{ now: string }>("/clock", signal);
      return new Date(now).getTime() - (asked + Date.now()) / 2;
    },
    staleTime: CLOCK_AGAIN_MS,
    refetchInterval: CLOCK_AGAIN_MS,
  });
  return clock.data ?? 0;
}
