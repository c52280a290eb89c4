/** Loads images in a worker that reads the plain ones itself; Cornerstone's own loader reads the others.
 *
 * Of a plain image the page keeps its values alone: they come without a copy, and its file with them is let go.
 */
import { Enums, imageLoader, metaData, utilities, type Types } from "@cornerstonejs/core";
import { getImageFrame, wadouri } from "@cornerstonejs/dicom-image-loader";
import { utilities as metadata } from "@cornerstonejs/metadata";

import type { Answer, Question, Reply } from "./imageWorker";
import type { Values } from "./plainImage";

const { MetadataModules } = Enums;
const waiting = new Map<number, (answer: Answer | null) => void>();
let worker: Worker | null = null;
let asked = 0;

/** From now on images of this page are loaded so. */
export function startPlainLoader(): void {
  worker = new Worker(new URL("./imageWorker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  };
  // Out of memory, or a script that could not be loaded: Cornerstone's loader takes over.
  worker.onerror = () => {
    worker?.terminate();
    worker = null;
    for (const give of waiting.values()) give(null);
    waiting.clear();
  };
  imageLoader.registerImageLoader("wadouri", (imageId, options) => ({ promise: load(imageId, options) }));
}

function ask(address: string): Promise<Answer | null> {
  if (worker === null) return Promise.resolve(null);
  asked += 1;
  worker.postMessage({ id: asked, address } satisfies Question);
  return new Promise((resolve) => waiting.set(asked, resolve));
}

async function load(imageId: string, options?: Record<string, unknown>): Promise<Types.IImage> {
  const { url, frame } = wadouri.parseImageId(imageId);
  // Frames share a file, and what Cornerstone's loader read once it holds.
  const known = metaData.get("naturalized", imageId) as { PixelData?: unknown } | undefined;
  const answer = frame !== undefined || known?.PixelData !== undefined ? null : await ask(url);
  if (answer !== null && "status" in answer) throw Object.assign(new Error("request failed"), { status: answer.status });
  if (answer !== null && known === undefined) {
    await metadata.addDicomPart10Instance(imageId, "file" in answer ? answer.file : answer.header);
  }
  if (answer !== null && "header" in answer) return imageOf(imageId, answer);
  return wadouri.loadImageFromNaturalizedMetadata(imageId, options).promise;
}

type Module = Readonly<Record<string, unknown>>;
const moduleOf = (name: string, imageId: string) => (metaData.get(name, imageId) ?? {}) as Module;
const numberOf = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);

/** As Cornerstone's `createImage` makes it, of values that are rescaled already. */
function imageOf(imageId: string, { pixels, lowest, highest }: Values): Types.IImage {
  const imageFrame = { ...getImageFrame(imageId), pixelData: pixels, pixelDataLength: pixels.length, smallestPixelValue: lowest, largestPixelValue: highest };
  const { rows, columns } = imageFrame;
  const plane = moduleOf(MetadataModules.IMAGE_PLANE, imageId);
  const lut = moduleOf(MetadataModules.MODALITY_LUT, imageId);
  const voi = moduleOf(MetadataModules.VOI_LUT, imageId);
  const [slope, intercept] = [numberOf(lut["rescaleSlope"], 1), numberOf(lut["rescaleIntercept"], 0)];
  const { modality } = moduleOf(MetadataModules.GENERAL_SERIES, imageId) as { modality?: string };
  const scalingParameters = { rescaleSlope: slope, rescaleIntercept: intercept, ...(modality === undefined ? {} : { modality }) };
  const [center, width] = [voi["windowCenter"], voi["windowWidth"]].map((values) => (Array.isArray(values) ? (values[0] as unknown) : undefined));
  const whole = utilities.windowLevel.toWindowLevel(lowest, highest);
  const isWindowed = typeof center === "number" && typeof width === "number";
  return {
    imageId,
    dataType: pixels instanceof Int16Array ? "Int16Array" : "Uint16Array",
    color: false,
    rgba: false,
    numberOfComponents: 1,
    rows,
    height: rows,
    columns,
    width: columns,
    rowPixelSpacing: plane["rowPixelSpacing"] as number,
    columnPixelSpacing: plane["columnPixelSpacing"] as number,
    calibration: metaData.get(MetadataModules.CALIBRATION, imageId) as NonNullable<Types.IImage["calibration"]>,
    slope,
    intercept,
    ...(slope === 1 && intercept === 0 ? {} : { preScale: { enabled: true, scaled: true, scalingParameters } }),
    invert: imageFrame.photometricInterpretation === "MONOCHROME1",
    minPixelValue: lowest,
    maxPixelValue: highest,
    windowCenter: isWindowed ? center : whole.windowCenter,
    windowWidth: isWindowed ? width : whole.windowWidth,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR,
    imageQualityStatus: Enums.ImageQualityStatus.FULL_RESOLUTION,
    sizeInBytes: pixels.byteLength,
    imageFrame,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({ scalarData: pixels, width: columns, height: rows, numberOfComponents: 1 }),
    getPixelData: () => pixels,
    // For colour images alone.
    getCanvas: undefined as never,
  };
}
