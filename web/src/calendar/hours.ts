/** Hours as they are being edited. Pure. */
import type { Availability } from "../api/types";
import { clockText, minuteFrom } from "./time";

export interface HoursRow {
  begins: string;
  ends: string;
}

export interface DayRow {
  day: string;
  /** Whether no hours hold on this day; else `rows` do. */
  off: boolean;
  rows: readonly HoursRow[];
}

export interface HoursDraft {
  time_zone: string;
  slot_minutes: number;
  /** Monday first. */
  weekly: readonly (readonly HoursRow[])[];
  days: readonly DayRow[];
  reminders_min: readonly number[];
}

type Hours = Availability["weekly"][string];

export const USUAL_HOURS: HoursRow = { begins: "09:00", ends: "11:30" };
const END_OF_DAY = 24 * 60;

const rowsOf = (hours: Hours): HoursRow[] =>
  hours.map(({ begins, ends }) => ({ begins: clockText(begins), ends: clockText(ends % END_OF_DAY) }));

export function draftOf(availability: Availability): HoursDraft {
  return {
    time_zone: availability.time_zone,
    slot_minutes: availability.slot_minutes,
    weekly: Array.from({ length: 7 }, (_, n) => rowsOf(availability.weekly[String(n + 1)] ?? [])),
    days: Object.entries(availability.exceptions)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([day, hours]) => ({ day, off: hours.length === 0, rows: rowsOf(hours) })),
    reminders_min: availability.reminders_min,
  };
}

/** The hours of rows; null where one is not filled in or ends before it begins. An end at 00:00 is the day's. */
export function hoursFrom(rows: readonly HoursRow[]): Hours | null {
  const hours: Hours = [];
  for (const row of rows) {
    const [begins, ends] = [minuteFrom(row.begins), minuteFrom(row.ends)];
    if (begins === null || ends === null || begins >= (ends || END_OF_DAY)) return null;
    hours.push({ begins, ends: ends || END_OF_DAY });
  }
  return hours.sort((one, other) => one.begins - other.begins);
}

/** What to send; null while something is wrong. */
export function availabilityFrom(draft: HoursDraft, version: number): Availability | null {
  const weekly: Availability["weekly"] = {};
  for (const [n, rows] of draft.weekly.entries()) {
    const hours = hoursFrom(rows);
    if (hours === null) return null;
    if (hours.length > 0) weekly[String(n + 1)] = hours;
  }
  const exceptions: Availability["exceptions"] = {};
  for (const { day, off, rows } of draft.days) {
    const hours = off ? [] : hoursFrom(rows);
    if (day === "" || hours === null || day in exceptions || (!off && hours.length === 0)) return null;
    exceptions[day] = hours;
  }
  const { time_zone, slot_minutes, reminders_min } = draft;
  return { time_zone, slot_minutes, weekly, exceptions, reminders_min: [...reminders_min], version };
}
