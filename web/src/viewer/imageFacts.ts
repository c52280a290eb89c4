/** What a loaded image says about itself, as plain values. */
import { Enums, metaData, utilities, type Types } from "@cornerstonejs/core";

import type { Point, Size } from "./geometry";
import type { Calibration } from "./measuring";
import { lettersFromCosines, lettersFromPatientOrientation, type EdgeLetters, type Vector } from "./orientation";
import type { Plane } from "./findingOnSlice";
import type { StoredWindow } from "./presets";
import type { VoiFunction } from "./viewerState";
import { windowOfTable, type Voi, type VoiTable } from "./voi";

export interface ImageFacts {
  size: Size;
  plane: Plane | null;
  /** Images with the same one share their patient coordinates. */
  frameOfReferenceUid: string | null;
  letters: EdgeLetters | null;
  calibration: Calibration;
  /** Those of its tables included, as the span of each. */
  storedWindows: StoredWindow[];
  /** Table position in mm, null on a projection. */
  sliceThicknessMm: number | null;
  /** Breast and projection of a mammogram, as "R MLO"; null elsewhere. */
  projection: string | null;
  /** How fast a loop of the images is meant to be shown; null where they do not say. */
  framesPerSecond: number | null;
  /** Of the rescaled pixel values, as "HU"; null where the image names none. */
  valueUnit: string | null;
}

type Attributes = Readonly<Record<string, unknown>>;

function attributesOf(imageId: string): Attributes {
  const value: unknown = metaData.get("naturalized", imageId);
  return typeof value === "object" && value !== null ? (value as Attributes) : {};
}

/** A DICOM value as a list of numbers; an absent or unreadable one is empty. */
function numbers(value: unknown): number[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] =
    Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<unknown>) : [value];
  return list.map(Number).filter((number) => Number.isFinite(number));
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return value.split("\\");
  if (Array.isArray(value)) return value.filter((part) => typeof part === "string");
  return [];
}

function vector(values: readonly number[], from: number): Vector | null {
  const [x, y, z] = values.slice(from, from + 3);
  return x === undefined || y === undefined || z === undefined ? null : [x, y, z];
}

function planeOf(attributes: Attributes): Plane | null {
  const orientation = numbers(attributes["ImageOrientationPatient"]);
  const row = vector(orientation, 0);
  const column = vector(orientation, 3);
  const position = vector(numbers(attributes["ImagePositionPatient"]), 0);
  // PixelSpacing gives the gap between rows first (PS3.3 10.7.1.3).
  const [betweenRows, betweenColumns] = numbers(attributes["PixelSpacing"]);
  if (row === null || column === null || position === null) return null;
  if (betweenRows === undefined || betweenColumns === undefined) return null;
  return { row, column, position, spacing: [betweenColumns, betweenRows] };
}

/** Two numbers that are a pixel's size, of its columns first; null where they are absent or no size. */
function sizeOf(value: unknown): readonly [columns: number, rows: number] | null {
  const [rows, columns] = numbers(value);
  return rows !== undefined && columns !== undefined && rows > 0 && columns > 0 ? [columns, rows] : null;
}

/** What sizes on an image rest on.
 *
 * A projection whose PixelSpacing only repeats ImagerPixelSpacing is not corrected for magnification (DICOM PS3.3
 * 10.7.1.1): its sizes are those at the detector.
 */
export function calibrationFrom(attributes: Attributes): Calibration {
  const patient = sizeOf(attributes["PixelSpacing"]);
  const imager = sizeOf(attributes["ImagerPixelSpacing"]);
  const isRepeated = patient !== null && imager !== null && patient[0] === imager[0] && patient[1] === imager[1];
  if (patient !== null && !isRepeated) return { basis: "pixel-spacing", spacing: patient };
  if (imager !== null) return { basis: "imager-pixel-spacing", spacing: imager };
  return { basis: "uncalibrated", spacing: [1, 1] };
}

/** How units are written that DICOM has codes for (PS3.3 C.11.1.1.2 and C.8.9.1.1.3). */
const UNITS: Readonly<Record<string, string | null>> = {
  US: null,
  UNSPECIFIED: null,
  HU_MOD: "HU (modified)",
  MGML: "mg/ml",
  PCT: "%",
  BQML: "Bq/ml",
  GML: "g/ml",
  CNTS: "counts",
};

/** The unit of rescaled values: as RescaleType or a PET's Units name it; HU for a CT that names none (PS3.3 C.8.2.1).
 *
 * The overview of a CT (LOCALIZER) is a projection: its values are no HU unless it says so.
 */
export function valueUnitFrom(attributes: Attributes): string | null {
  const named = strings(attributes["RescaleType"])[0] ?? strings(attributes["Units"])[0] ?? "";
  if (named !== "") return named in UNITS ? (UNITS[named] ?? null) : named;
  const isSlice = attributes["Modality"] === "CT" && !strings(attributes["ImageType"]).includes("LOCALIZER");
  return isSlice && numbers(attributes["RescaleIntercept"]).length === 1 ? "HU" : null;
}

export const calibrationOf = (imageId: string) => calibrationFrom(attributesOf(imageId));
export const valueUnitOf = (imageId: string) => valueUnitFrom(attributesOf(imageId));

/** The value of one pixel in the image's own unit (HU for a CT); null for a colour image and outside. */
export function valueAt(image: Types.IImage, column: number, row: number): number | null {
  if (image.color || column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
  const stored = image.getPixelData()[row * image.columns + column];
  if (stored === undefined) return null;
  return image.preScale?.scaled === true ? stored : stored * image.slope + image.intercept;
}

/** From Cornerstone's space to image pixels, by the layout that its stack viewport gives the image. */
export function pixelOf(image: Types.IImage, world: Types.Point3): Point {
  const { origin, direction, spacing } = utilities.getImageDataMetadata(image);
  const along = (from: number) =>
    [0, 1, 2].reduce((sum, axis) => sum + ((world[axis] ?? 0) - (origin[axis] ?? 0)) * (direction[from + axis] ?? 0), 0);
  return [along(0) / spacing[0], along(3) / spacing[1]];
}

function windowsOf(attributes: Attributes): StoredWindow[] {
  const widths = numbers(attributes["WindowWidth"]);
  const words = strings(attributes["WindowCenterWidthExplanation"]);
  return numbers(attributes["WindowCenter"]).flatMap((center, index) => {
    const width = widths[index];
    return width === undefined ? [] : [{ center, width, explanation: words[index] ?? null }];
  });
}

const FUNCTIONS: readonly VoiFunction[] = ["LINEAR", "LINEAR_EXACT", "SIGMOID"];

interface LoadedTable {
  firstValueMapped: number;
  numBitsPerEntry: number;
  lut: readonly number[];
}

function tablesOf(imageId: string, attributes: Attributes): VoiTable[] {
  const { voiLUTSequence: loaded = [] } = (metaData.get(Enums.MetadataModules.VOI_LUT, imageId) ?? {}) as {
    voiLUTSequence?: readonly LoadedTable[];
  };
  const items: unknown = attributes["VOILUTSequence"];
  return loaded
    .filter(({ lut, numBitsPerEntry }) => lut.length > 1 && numBitsPerEntry > 0)
    .map(({ firstValueMapped: first, numBitsPerEntry: bits, lut }, index) => ({
      first,
      // The loader reads entries as signed where the pixels are.
      shades: lut.map((entry) => (entry & 0xffff) / (2 ** bits - 1)),
      explanation: Array.isArray(items) ? (strings((items[index] as Attributes)["LUTExplanation"])[0] ?? null) : null,
    }));
}

const knownVoi = new Map<string, Voi>();
/** Of what may be on screen at once and next; the rest is read again. */
const VOI_KEPT = 64;

/** What the image says of how its values become shades. */
export function voiOf(imageId: string): Voi {
  const known = knownVoi.get(imageId);
  if (known !== undefined) return known;
  const attributes = attributesOf(imageId);
  const voi = {
    function: FUNCTIONS.find((name) => name === attributes["VOILUTFunction"]) ?? "LINEAR",
    tables: tablesOf(imageId, attributes),
    hasWindows: windowsOf(attributes).length > 0,
  };
  const oldest = knownVoi.keys().next().value;
  if (knownVoi.size >= VOI_KEPT && oldest !== undefined) knownVoi.delete(oldest);
  knownVoi.set(imageId, voi);
  return voi;
}

/** True where the lowest value is meant to be white: by the pixels' own words, or by those on how to show them.
 *
 * Source: DICOM PS3.3 C.7.6.3.1.2 and C.11.6.1.2: INVERSE goes with MONOCHROME1, so the two are one inversion.
 */
export function isInverse(imageId: string): boolean {
  const attributes = attributesOf(imageId);
  return attributes["PhotometricInterpretation"] === "MONOCHROME1" || attributes["PresentationLUTShape"] === "INVERSE";
}

function projectionOf(attributes: Attributes): string | null {
  const side = strings(attributes["ImageLaterality"])[0] ?? strings(attributes["Laterality"])[0];
  const view = strings(attributes["ViewPosition"])[0];
  const words = [side, view].filter((word) => word !== undefined && word !== "");
  return words.length === 0 ? null : words.join(" ");
}

/** RecommendedDisplayFrameRate (0008,2144), CineRate (0018,0040), or FrameTime (0018,1063) in ms. */
export function framesPerSecondFrom(attributes: Attributes): number | null {
  const [asked] = [...numbers(attributes["RecommendedDisplayFrameRate"]), ...numbers(attributes["CineRate"])];
  if (asked !== undefined && asked > 0) return asked;
  const [frameMs] = numbers(attributes["FrameTime"]);
  return frameMs !== undefined && frameMs > 0 ? 1000 / frameMs : null;
}

export function factsOf(imageId: string, size: Size): ImageFacts {
  const attributes = attributesOf(imageId);
  const plane = planeOf(attributes);
  const voi = voiOf(imageId);
  const spans = voi.tables.map((table) => ({ ...windowOfTable(table, voi.function), explanation: table.explanation }));
  return {
    size,
    plane,
    frameOfReferenceUid: strings(attributes["FrameOfReferenceUID"])[0] ?? null,
    letters:
      plane === null
        ? lettersFromPatientOrientation(strings(attributes["PatientOrientation"]))
        : lettersFromCosines(plane.row, plane.column),
    calibration: calibrationFrom(attributes),
    storedWindows: [...windowsOf(attributes), ...spans],
    sliceThicknessMm: numbers(attributes["SliceThickness"])[0] ?? null,
    projection: projectionOf(attributes),
    framesPerSecond: framesPerSecondFrom(attributes),
    valueUnit: valueUnitFrom(attributes),
  };
}
