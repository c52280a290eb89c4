/** Which side of the patient is at which edge of the picture. Pure. */
import type { ImageToCanvas } from "./geometry";

export type Vector = readonly [x: number, y: number, z: number];

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export interface EdgeLetters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

/** Below this share of a direction an axis is not named (an axial slice tilted by 15 degrees is still "A"). */
const NAMED_FROM = 0.3;

const OPPOSITE: Readonly<Record<string, string>> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

/** The letters of a direction in LPS: x to the left, y to the back, z to the head; the strongest first. */
export function directionLetters([x, y, z]: Vector): string {
  const parts: [number, string][] = [
    [Math.abs(x), x < 0 ? "R" : "L"],
    [Math.abs(y), y < 0 ? "A" : "P"],
    [Math.abs(z), z < 0 ? "F" : "H"],
  ];
  return parts
    .filter(([share]) => share >= NAMED_FROM)
    .sort(([a], [b]) => b - a)
    .map(([, letter]) => letter)
    .join("");
}

export const opposite = (letters: string) => [...letters].map((letter) => OPPOSITE[letter] ?? "").join("");

const around = (right: string, bottom: string): EdgeLetters => ({
  left: opposite(right),
  right,
  top: opposite(bottom),
  bottom,
});

/** From ImageOrientationPatient (0020,0037): the direction of a row (to the right) and of a column (downwards). */
export const lettersFromCosines = (row: Vector, column: Vector): EdgeLetters =>
  around(directionLetters(row), directionLetters(column));

/** From PatientOrientation (0020,0020), which projections such as mammograms carry instead. */
export function lettersFromPatientOrientation(value: readonly string[]): EdgeLetters | null {
  const [right = "", bottom = ""] = value;
  return right === "" && bottom === "" ? null : around(right, bottom);
}

/** The letters at the edges of the canvas, where the image is turned by quarters or mirrored. */
export function lettersOnCanvas(letters: EdgeLetters, { column, row }: ImageToCanvas): EdgeLetters {
  const rightOfImage = (forwards: boolean) => (forwards ? letters.right : letters.left);
  const bottomOfImage = (forwards: boolean) => (forwards ? letters.bottom : letters.top);
  const lies = Math.abs(column[0]) >= Math.abs(column[1]);
  return lies
    ? around(rightOfImage(column[0] > 0), bottomOfImage(row[1] > 0))
    : around(bottomOfImage(row[0] > 0), rightOfImage(column[1] > 0));
}
