/** The values of a series as a volume: loaded through the same loader and cache as the stack, and not copied. */
import type { Types } from "@cornerstonejs/core";

import { startCornerstone } from "../cornerstone";
import { factsOf, type ImageFacts } from "../imageFacts";
import { faultOf, loadImage, SeriesLoader, type LoadFault } from "../imageLoading";
import type { SliceRef } from "../slices";
import { windowOfRange, type Window } from "../viewerState";
import { gridOf, LEAST_SLICES, type GridFault, type VoxelGrid } from "./voxelGrid";

export type PixelArray = Types.PixelDataTypedArray;

export interface Volume {
  grid: VoxelGrid;
  /** Along the third axis of the grid, each row by row, in the image's own unit. */
  slices: readonly PixelArray[];
  /** The instance or frame of each slice. */
  refs: readonly SliceRef[];
  facts: ImageFacts;
  stored: { window: Window; invert: boolean };
}

export type VolumeFault = GridFault | LoadFault | "colour" | "tooLarge" | "incomplete";
export type VolumeResult = { volume: Volume } | { fault: VolumeFault };

const GIB = 2 ** 30;

/** Bytes of pixels that this device may hold at once: a quarter of its memory, where the browser tells of it. */
function mostBytes(): number {
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  if (deviceMemory !== undefined) return (deviceMemory / 4) * GIB;
  return window.matchMedia("(pointer: coarse)").matches ? 0.4 * GIB : 1.5 * GIB;
}

/** The loader scales values by itself, but not where the graphics card cannot draw the fractions. */
function valuesOf(image: Types.IImage): PixelArray {
  const stored = image.getPixelData();
  const isScaled = image.preScale?.scaled === true || (image.slope === 1 && image.intercept === 0);
  return isScaled ? stored : Float32Array.from(stored, (value) => value * image.slope + image.intercept);
}

/** Load the slices and lay them out; `onProgress` is told how many are there. Aborted: never settles. */
export function loadVolume(
  slices: readonly SliceRef[],
  onProgress: (loadedCount: number) => void,
  signal: AbortSignal,
): Promise<VolumeResult> {
  return new Promise((resolve) => {
    const give = (result: VolumeResult) => {
      loader.stop();
      if (!signal.aborted) resolve(result);
    };
    const loader = new SeriesLoader(slices, ({ loaded, failed }) => {
      if (signal.aborted) return;
      onProgress(loaded);
      if (loaded + failed < slices.length) return;
      if (failed > 0) give({ fault: "incomplete" });
      else Promise.all(slices.map(({ imageId }) => loadImage(imageId))).then((images) => give(laidOut(slices, images)), fail);
    });
    const fail = (error: unknown) => give({ fault: faultOf(error) });
    signal.addEventListener("abort", () => loader.stop());
    if (slices.length < LEAST_SLICES) {
      give({ fault: "tooFew" });
      return;
    }
    startCornerstone()
      .then(() => loader.load(Math.floor(slices.length / 2)))
      .then((image) => {
        if (image.sizeInBytes * slices.length > mostBytes()) give({ fault: "tooLarge" });
      })
      .catch(fail);
  });
}

function laidOut(slices: readonly SliceRef[], images: readonly Types.IImage[]): VolumeResult {
  const [first] = images;
  if (first === undefined || images.some((image) => image.color)) return { fault: "colour" };
  const facts = images.map((image) => factsOf(image.imageId, { width: image.columns, height: image.rows }));
  const laid = gridOf(facts.map(({ plane, size }) => ({ plane, size })));
  if (typeof laid === "string") return { fault: laid };
  const middle = laid.order[Math.floor(laid.order.length / 2)] ?? 0;
  const shown = facts[middle];
  const image = images[middle] ?? first;
  if (shown === undefined) return { fault: "tooFew" };
  const range = { lower: image.minPixelValue, upper: image.maxPixelValue };
  const { center, width } = shown.storedWindows[0] ?? windowOfRange(range);
  return {
    volume: {
      grid: laid.grid,
      slices: laid.order.flatMap((index) => images[index] ?? []).map(valuesOf),
      refs: laid.order.flatMap((index) => slices[index] ?? []),
      facts: shown,
      stored: { window: { center, width }, invert: image.invert },
    },
  };
}
