/** How the values of an image become shades: windows by their function, and tables. Pure.
 *
 * Source: DICOM PS3.3 C.11.2.1.
 */
import { rangeOfWindow, windowOfRange, type VoiFunction, type Window } from "./viewerState";

/** An item of the VOI LUT Sequence (0028,3010). */
export interface VoiTable {
  /** The value that the first entry is for; those below get the first shade, those beyond the end the last. */
  first: number;
  /** Shades from 0 to 1. */
  shades: readonly number[];
  /** LUTExplanation (0028,3003). */
  explanation: string | null;
}

/** What an image says about its shades beside its windows. */
export interface Voi {
  function: VoiFunction;
  tables: readonly VoiTable[];
  hasWindows: boolean;
}

/** A point of the curve that is drawn: an input value and its shade. */
export type CurvePoint = readonly [value: number, shade: number];

/** More points than these are not told apart on a screen of 256 shades. */
const POINTS_MOST = 1025;

/** The window that spans a table, by which the table is chosen, shown and shared. */
export const windowOfTable = ({ first, shades }: VoiTable, by: VoiFunction): Window =>
  windowOfRange({ lower: first, upper: first + shades.length - 1 }, by);

const isSame = (a: Window, b: Window) => Math.abs(a.center - b.center) < 0.01 && Math.abs(a.width - b.width) < 0.01;

/** The table that a window stands for; null where the image's function counts.
 *
 * An image without windows is always shown by its first table, stretched with the window by the reader. Where an image
 * has both they are alternatives (PS3.3 C.11.2.1.1): the table counts over exactly its own span.
 */
export function tableFor({ tables, hasWindows, function: by }: Voi, window: Window): VoiTable | null {
  const exact = tables.find((table) => isSame(windowOfTable(table, by), window));
  return exact ?? (hasWindows ? null : (tables[0] ?? null));
}

/** The points between which the shades of a window run; null for the sigmoid, which is no such line. */
export function curveOf(voi: Voi, window: Window): readonly CurvePoint[] | null {
  const { lower, upper } = rangeOfWindow(window, voi.function);
  const table = tableFor(voi, window);
  if (table === null) {
    if (voi.function === "SIGMOID") return null;
    return [[lower, 0], [upper, 1]];
  }
  const last = table.shades.length - 1;
  const count = Math.min(table.shades.length, POINTS_MOST);
  return Array.from({ length: count }, (_, point): CurvePoint => {
    const along = point / (count - 1);
    return [lower + along * (upper - lower), table.shades[Math.round(along * last)] ?? 0];
  });
}
