/** Dates, durations, sizes and names as a clinician reads them. Pure; the clock is passed in. */
import type { Language } from "../api/types";

const DICOM_DATE = /^(\d{4})-?(\d{2})-?(\d{2})/;

/** 2026-11-24 in both languages: the ISO order is the one nobody misreads. */
export function formatDate(value: string | null): string | null {
  const [, year, month, day] = DICOM_DATE.exec(value ?? "") ?? [];
  return year === undefined ? null : `${year}-${month}-${day}`;
}

/** Local date and time of an ISO instant, to the minute; today is shown as the time alone. */
export function formatInstant(value: string, now: Date, language: Language): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  const time = at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
  if (at.toDateString() === now.toDateString()) return time;
  const day = `${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
  return at.getFullYear() === now.getFullYear() ? `${day} ${time}` : `${at.getFullYear()}-${day} ${time}`;
}

/** Local date and time of an ISO instant to the second, as a log has them. */
export function formatMoment(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

export interface Duration {
  unit: "minutes" | "hours" | "days";
  count: number;
}

/** Time since an instant in its largest whole unit. */
export function elapsed(since: string, now: Date): Duration {
  const minutes = Math.max(0, Math.floor((now.getTime() - new Date(since).getTime()) / 60_000));
  if (minutes < 60) return { unit: "minutes", count: minutes };
  if (minutes < 48 * 60) return { unit: "hours", count: Math.floor(minutes / 60) };
  return { unit: "days", count: Math.floor(minutes / (24 * 60)) };
}

/** Whole years at `now`; null without a birth date. */
export function ageInYears(birthDate: string | null, now: Date): number | null {
  const [, year, month, day] = DICOM_DATE.exec(birthDate ?? "") ?? [];
  if (year === undefined) return null;
  const before =
    now.getMonth() + 1 < Number(month) || (now.getMonth() + 1 === Number(month) && now.getDate() < Number(day));
  const years = now.getFullYear() - Number(year) - (before ? 1 : 0);
  return years >= 0 && years < 130 ? years : null;
}

/** A DICOM person name (PS3.5 6.2.1.2): the ideographic group where there is one, without its carets. */
export function formatPersonName(name: string, language: Language): string {
  const [alphabetic = "", ideographic = ""] = name.split("=");
  const group = language === "zh-CN" && ideographic !== "" ? ideographic : alphabetic || ideographic;
  const [family = "", given = "", ...rest] = group.split("^").map((part) => part.trim());
  const joined = /[㐀-鿿]/u.test(group) ? `${family}${given}` : [family, given, ...rest].filter(Boolean).join(" ");
  return joined === "" ? "—" : joined;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}

export const formatPercent = (fraction: number) => `${Math.round(fraction * 100)}%`;

/** How sure a model is, in percent; it is never quite. */
export function formatProbability(probability: number): string {
  const percent = Math.round(probability * 100);
  return percent >= 100 ? ">99%" : percent <= 0 ? "<1%" : `${percent}%`;
}

/** The name of somebody whom the server gave as a word or as a record. */
export function actorName(actor: string | { display_name: string } | null): string | null {
  return actor === null || typeof actor === "string" ? actor : actor.display_name;
}
