/** What a loaded image says about itself, as plain values. */
import { metaData } from "@cornerstonejs/core";

import type { Size } from "./geometry";
import { lettersFromCosines, lettersFromPatientOrientation, type EdgeLetters, type Vector } from "./orientation";
import type { Plane } from "./findingOnSlice";
import type { StoredWindow } from "./presets";

/** What a length rests on: calibrated in the patient, the detector's pixel size, or nothing. */
export type SpacingBasis = "pixel-spacing" | "imager-pixel-spacing" | "uncalibrated";

export interface ImageFacts {
  size: Size;
  plane: Plane | null;
  letters: EdgeLetters | null;
  spacingBasis: SpacingBasis;
  storedWindows: StoredWindow[];
  /** VOILUTFunction (0028,1056): the curve that the windows are meant for. */
  isSigmoid: boolean;
  /** Table position in mm, null on a projection. */
  sliceThicknessMm: number | null;
  /** Breast and projection of a mammogram, as "R MLO"; null elsewhere. */
  projection: string | null;
  /** Pixel values are HU (CT with rescale). */
  isHounsfield: boolean;
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

export function spacingBasisOf(imageId: string): SpacingBasis {
  const attributes = attributesOf(imageId);
  if (numbers(attributes["PixelSpacing"]).length === 2) return "pixel-spacing";
  return numbers(attributes["ImagerPixelSpacing"]).length === 2 ? "imager-pixel-spacing" : "uncalibrated";
}

function storedWindowsOf(attributes: Attributes): StoredWindow[] {
  const widths = numbers(attributes["WindowWidth"]);
  const words = strings(attributes["WindowCenterWidthExplanation"]);
  return numbers(attributes["WindowCenter"]).flatMap((center, index) => {
    const width = widths[index];
    return width === undefined ? [] : [{ center, width, explanation: words[index] ?? null }];
  });
}

function projectionOf(attributes: Attributes): string | null {
  const side = strings(attributes["ImageLaterality"])[0] ?? strings(attributes["Laterality"])[0];
  const view = strings(attributes["ViewPosition"])[0];
  const words = [side, view].filter((word) => word !== undefined && word !== "");
  return words.length === 0 ? null : words.join(" ");
}

export function factsOf(imageId: string, size: Size): ImageFacts {
  const attributes = attributesOf(imageId);
  const plane = planeOf(attributes);
  return {
    size,
    plane,
    letters:
      plane === null
        ? lettersFromPatientOrientation(strings(attributes["PatientOrientation"]))
        : lettersFromCosines(plane.row, plane.column),
    spacingBasis: spacingBasisOf(imageId),
    storedWindows: storedWindowsOf(attributes),
    isSigmoid: attributes["VOILUTFunction"] === "SIGMOID",
    sliceThicknessMm: numbers(attributes["SliceThickness"])[0] ?? null,
    projection: projectionOf(attributes),
    isHounsfield: attributes["Modality"] === "CT",
  };
}
