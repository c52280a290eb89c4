/** Which earlier series stands beside the current one, and how long before. Pure. */
import type { Series } from "../api/types";

/** Instances in slice order as the API gives them; null where one has no plane, or holds several frames. */
export function positionsOf(series: Series): number[] | null {
  const positions = series.instances.map(({ position_mm, number_of_frames }) => (number_of_frames > 1 ? null : position_mm));
  return positions.every((mm) => mm !== null) ? positions : null;
}

/** How unlike two series are: what a reader would mind most weighs most. */
function unlikeness(current: Series, other: Series): number {
  const thickness = (series: Series) => series.facts?.thickness_mm ?? series.facts?.spacing_mm ?? 0;
  return (
    1000 * Number(current.modality !== other.modality) +
    200 * Number((current.facts?.orientation ?? null) !== (other.facts?.orientation ?? null)) +
    100 * Number(other.facts?.is_localiser ?? false) +
    50 * Number((current.facts?.has_contrast ?? null) !== (other.facts?.has_contrast ?? null)) +
    20 * Number((current.facts?.sharpness ?? null) !== (other.facts?.sharpness ?? null)) +
    Math.min(19, Math.abs(thickness(current) - thickness(other)))
  );
}

/** The series of an earlier study that is most like the current one; of equals the one with more images. */
export function likestSeries(current: Series | null, others: readonly Series[]): Series | null {
  const shown = others.filter((series) => series.instances.length > 0);
  const ranked = shown.toSorted(
    (a, b) =>
      (current === null ? 0 : unlikeness(current, a) - unlikeness(current, b)) || b.instances.length - a.instances.length,
  );
  return ranked[0] ?? null;
}

export type Interval = { unit: "days" | "months"; count: number } | { unit: "years"; count: number; months: number };

const DAYS_PER_MONTH = 365.2425 / 12;

/** As a reader says it: days up to two months, months up to two years, then years and months. */
export function intervalOf(daysBefore: number): Interval {
  if (daysBefore < 2 * DAYS_PER_MONTH) return { unit: "days", count: daysBefore };
  const months = Math.round(daysBefore / DAYS_PER_MONTH);
  if (months < 24) return { unit: "months", count: months };
  return { unit: "years", count: Math.floor(months / 12), months: months % 12 };
}
