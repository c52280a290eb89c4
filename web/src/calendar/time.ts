/** Days and times of day in a time zone, for calendars. Pure; days are "2026-11-30". */
import type { Language } from "../api/types";

export type Day = string;

/** The time zone of this device, an IANA name. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const dayFormat = (zone: string) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });

export const dayOf = (instant: string | Date, zone: string): Day => dayFormat(zone).format(new Date(instant));

export function timeOf(instant: string | Date, zone: string): string {
  return new Date(instant).toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
}

/** Minutes after midnight, as the clock on the wall shows it. */
export function minuteOf(instant: string | Date, zone: string): number {
  const [hour = 0, minute = 0] = timeOf(instant, zone).split(":").map(Number);
  return hour * 60 + minute;
}

/** "09:30" for 570; the end of a day is "24:00". */
export function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

export function minuteFrom(text: string): number | null {
  const [, hour, minute] = /^(\d{2}):(\d{2})/.exec(text) ?? [];
  return hour === undefined ? null : Number(hour) * 60 + Number(minute);
}

const atNoon = (day: Day) => new Date(`${day}T12:00:00Z`);

export function addDays(day: Day, count: number): Day {
  const moved = atNoon(day);
  moved.setUTCDate(moved.getUTCDate() + count);
  return moved.toISOString().slice(0, 10);
}

export const mondayOf = (day: Day): Day => addDays(day, -((atNoon(day).getUTCDay() + 6) % 7));

/** Midnight of a day in the zone of this device. */
export function startOf(day: Day): Date {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date);
}

export function dayText(day: Day, language: Language): string {
  const weekday = atNoon(day).toLocaleDateString(language, { weekday: "short", timeZone: "UTC" });
  return `${weekday} ${day.slice(5)}`;
}

/** Monday to Sunday in words. */
export const weekdayText = (isoWeekday: number, language: Language) =>
  new Date(Date.UTC(2024, 0, isoWeekday)).toLocaleDateString(language, { weekday: "long", timeZone: "UTC" });

/** A time in another zone, with its day where that is another one; null where the clock shows the same. */
export function elsewhere(instant: string, zone: string, here: string): string | null {
  const [there, own] = [timeOf(instant, zone), timeOf(instant, here)];
  const [dayThere, dayHere] = [dayOf(instant, zone), dayOf(instant, here)];
  if (there === own && dayThere === dayHere) return null;
  return dayThere === dayHere ? there : `${dayThere.slice(5)} ${there}`;
}

export function byDay<T extends { starts_at: string }>(all: readonly T[], zone: string): ReadonlyMap<Day, T[]> {
  const days = new Map<Day, T[]>();
  for (const one of all) {
    const day = dayOf(one.starts_at, zone);
    const there = days.get(day);
    if (there === undefined) days.set(day, [one]);
    else there.push(one);
  }
  return days;
}
