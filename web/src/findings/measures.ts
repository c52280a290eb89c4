/** Measures of a finding as text. Pure. */
import type { Finding } from "../api/types";

/** Guidelines whose category is a grade that readers know by its code. */
export const GRADED_SCHEMES: ReadonlySet<string> = new Set(["99LUNGRADS", "99BIRADS"]);

type Comparison = NonNullable<Finding["comparison"]>;

/** A volume in the unit in which it has few digits. */
export const volumeText = (mm3: number) =>
  mm3 < 1000 ? `${mm3.toFixed(0)} mm³` : `${(mm3 / 1000).toFixed(1)} cm³`;

/** The doubling time of what grows, with its interval; open above where it may not grow at all. */
export function doublingTime(comparison: Comparison) {
  const { doubling_time_days: days, doubling_time_low_days: low, doubling_time_high_days: high } = comparison;
  if (days === null || low === null || days <= 0) return null;
  return high === null ? { key: "daysOpen" as const, days, low } : { key: "daysRange" as const, days, low, high };
}
