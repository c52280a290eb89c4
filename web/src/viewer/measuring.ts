/** Numbers of a measurement, from its points in image pixels, and the lines that tell them. Pure. */
import type { TFunction } from "i18next";

import type { Point } from "./geometry";

export const MEASUREMENT_KINDS = ["length", "bidirectional", "angle", "ellipse", "probe", "arrow"] as const;
export type MeasurementKind = (typeof MEASUREMENT_KINDS)[number];

/** What a size rests on: calibrated in the patient, the detector's pixel size, or nothing. */
export type SpacingBasis = "pixel-spacing" | "imager-pixel-spacing" | "uncalibrated";

export interface Calibration {
  basis: SpacingBasis;
  /** From column to column, then from row to row: in mm, or in pixels where nothing is calibrated. */
  spacing: readonly [columns: number, rows: number];
}

/** The pixels of one image as a measurement needs them. */
export interface Pixels {
  /** The rescaled value of one pixel; null outside the image and on a colour image. */
  valueAt: (column: number, row: number) => number | null;
  /** Of the values; null where the image names none. */
  unit: string | null;
}

export interface Statistics {
  mean: number;
  /** Of the population: divided by the number of pixels. */
  deviation: number;
  least: number;
  most: number;
  count: number;
}

export type Measured =
  | { kind: "length"; length: number; basis: SpacingBasis }
  | { kind: "bidirectional"; long: number; short: number; basis: SpacingBasis }
  | { kind: "angle"; degrees: number }
  | { kind: "ellipse"; area: number; basis: SpacingBasis; statistics: Statistics | null; unit: string | null }
  | { kind: "probe"; column: number; row: number; value: number | null; unit: string | null }
  | { kind: "arrow" };

const minus = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1]];
const scaled = ([x, y]: Point, [columns, rows]: readonly [number, number]): Point => [x * columns, y * rows];

function distance(a: Point, b: Point, { spacing }: Calibration): number {
  return Math.hypot(...scaled(minus(a, b), spacing));
}

/** The angle at `corner`, 0 to 180 degrees; null where an arm has no length. */
function angleAt(first: Point, corner: Point, second: Point, { spacing }: Calibration): number | null {
  const a = scaled(minus(first, corner), spacing);
  const b = scaled(minus(second, corner), spacing);
  if (Math.hypot(...a) === 0 || Math.hypot(...b) === 0) return null;
  return (Math.abs(Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])) * 180) / Math.PI;
}

interface Ellipse {
  centre: Point;
  /** Half axes, from the centre. */
  a: Point;
  b: Point;
}

/** From the ends of its two axes, pair by pair. */
function ellipseOf([b0, b1, a0, a1]: readonly [Point, Point, Point, Point]): Ellipse {
  const middle = (p: Point, q: Point): Point => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
  const half = (p: Point, q: Point): Point => [(q[0] - p[0]) / 2, (q[1] - p[1]) / 2];
  return { centre: middle(a0, a1), a: half(a0, a1), b: half(b0, b1) };
}

/** Over the pixels whose centre lies within the ellipse; null where there is none with a value. */
export function statisticsWithin({ centre, a, b }: Ellipse, valueAt: Pixels["valueAt"]): Statistics | null {
  const determinant = a[0] * b[1] - a[1] * b[0];
  if (determinant === 0) return null;
  const reach: Point = [Math.hypot(a[0], b[0]), Math.hypot(a[1], b[1])];
  let [count, sum, squares, least, most] = [0, 0, 0, Infinity, -Infinity];
  // Squares of values about the first one: those of 16 bits about zero would lose digits.
  let first: number | null = null;
  for (let row = Math.ceil(centre[1] - reach[1]); row <= centre[1] + reach[1]; row += 1) {
    for (let column = Math.ceil(centre[0] - reach[0]); column <= centre[0] + reach[0]; column += 1) {
      const [x, y] = [column - centre[0], row - centre[1]];
      const u = (x * b[1] - y * b[0]) / determinant;
      const v = (a[0] * y - a[1] * x) / determinant;
      const value = u * u + v * v <= 1 ? valueAt(column, row) : null;
      if (value === null) continue;
      first ??= value;
      count += 1;
      sum += value - first;
      squares += (value - first) ** 2;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (first === null) return null;
  const mean = sum / count;
  return { mean: first + mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), least, most, count };
}

/** The numbers of a measurement; null while it is not drawn to its end. */
export function measure(
  kind: MeasurementKind,
  points: readonly Point[],
  calibration: Calibration,
  pixels: Pixels,
): Measured | null {
  const [p, q, r, s] = points;
  if (p === undefined) return null;
  if (kind === "arrow") return { kind };
  if (kind === "probe") {
    const [column, row] = [Math.round(p[0]), Math.round(p[1])];
    return { kind, column, row, value: pixels.valueAt(column, row), unit: pixels.unit };
  }
  if (q === undefined) return null;
  const { basis, spacing } = calibration;
  if (kind === "length") return { kind, length: distance(p, q, calibration), basis };
  if (r === undefined) return null;
  if (kind === "angle") {
    const degrees = angleAt(p, q, r, calibration);
    return degrees === null ? null : { kind, degrees };
  }
  if (s === undefined) return null;
  if (kind === "bidirectional") {
    const axes = [distance(p, q, calibration), distance(r, s, calibration)] as const;
    return { kind, long: Math.max(...axes), short: Math.min(...axes), basis };
  }
  const ellipse = ellipseOf([p, q, r, s]);
  const { a, b } = ellipse;
  const area = Math.PI * Math.abs(a[0] * b[1] - a[1] * b[0]) * spacing[0] * spacing[1];
  return { kind, area, basis, statistics: statisticsWithin(ellipse, pixels.valueAt), unit: pixels.unit };
}

/** Digits as the number deserves them: whole values whole, others with one digit, small ones with three. */
export function digits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}

const withUnit = (value: string, unit: string | null) => (unit === null ? value : `${value} ${unit}`);

/** What is written beside a measurement: every number with its unit and what it rests on. */
export function linesOf(measured: Measured, label: string, t: TFunction<"viewer">): string[] {
  const size = (value: number, basis: SpacingBasis) =>
    basis === "uncalibrated" ? String(Math.round(value)) : value.toFixed(1);
  const lines = (): string[] => {
    switch (measured.kind) {
      case "length":
        return [t(`measured.length.${measured.basis}`, { length: size(measured.length, measured.basis) })];
      case "bidirectional": {
        const { basis } = measured;
        return [t(`measured.axes.${basis}`, { long: size(measured.long, basis), short: size(measured.short, basis) })];
      }
      case "angle":
        return [`${measured.degrees.toFixed(1)}°`];
      case "ellipse": {
        const { statistics, unit, basis } = measured;
        const area = t(`measured.area.${basis}`, { area: size(measured.area, basis) });
        if (statistics === null) return [area];
        return [
          area,
          t("measured.mean", {
            mean: withUnit(statistics.mean.toFixed(1), unit),
            deviation: statistics.deviation.toFixed(1),
          }),
          t("measured.range", { least: digits(statistics.least), most: withUnit(digits(statistics.most), unit) }),
        ];
      }
      case "probe": {
        const { value, unit, column, row } = measured;
        if (value === null) return [t("measured.noValue")];
        return [unit === null ? t("pixelValue", { value: digits(value) }) : `${digits(value)} ${unit}`, `(${column}, ${row})`];
      }
      case "arrow":
        return [];
    }
  };
  return label === "" ? lines() : [label, ...lines()];
}
