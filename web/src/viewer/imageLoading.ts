/** Loads the images of a series, those next to the shown one first, and says what is there. */
import { Enums, imageLoader, utilities, type Types } from "@cornerstonejs/core";

import { latestOnly, type LatestOnly } from "../signaling/latestOnly";
import { lineBudget } from "../signaling/lineBudget";
import type { Share } from "../signaling/linePolicy";
import { startCornerstone } from "./cornerstone";
import { outwards, type SliceRef } from "./slices";

export type LoadFault = "offline" | "signed-out" | "missing" | "server" | "undecodable";

/** What went wrong, from what the loader rejects with: the request itself, or an error around it. */
export function faultOf(reason: unknown): LoadFault {
  const inner = typeof reason === "object" && reason !== null && "error" in reason ? reason.error : reason;
  const status =
    typeof inner === "object" && inner !== null && "status" in inner && typeof inner.status === "number"
      ? inner.status
      : null;
  if (status === null) return "undecodable";
  if (status === 0) return "offline";
  if (status === 401) return "signed-out";
  return status === 403 || status === 404 || status === 410 ? "missing" : "server";
}

/** Load one image. The loader keeps only the first letter of VOILUTFunction, which no viewport then knows. */
export async function loadImage(imageId: string): Promise<Types.IImage> {
  const image = await imageLoader.loadAndCacheImage(imageId);
  const first: string = image.voiLUTFunction;
  if (first === "S") image.voiLUTFunction = Enums.VOILUTFunctionType.SAMPLED_SIGMOID;
  else if (first === "L") image.voiLUTFunction = Enums.VOILUTFunctionType.LINEAR;
  return image;
}

/** Requests in flight beside the shown image: the line is shared with speech, which goes first. */
const PREFETCHES_AT_ONCE: Readonly<Record<Share, number>> = { free: 5, limited: 1, paused: 0 };
const PROGRESS_SPACING_MS = 250;

/** How many slices of a series are there, and how many could not be had. */
export interface Progress {
  loaded: number;
  failed: number;
}

export class SeriesLoader {
  readonly #slices: readonly SliceRef[];
  readonly #loaded = new Set<number>();
  readonly #failed = new Set<number>();
  readonly #inFlight = new Set<number>();
  readonly #onProgress: (progress: Progress) => void;
  readonly #progress: LatestOnly<Progress>;
  #told: Progress = { loaded: 0, failed: 0 };
  #centre = 0;
  #stopped = false;
  readonly #unsubscribe = lineBudget.subscribe(() => this.#fill());

  constructor(slices: readonly SliceRef[], onProgress: (progress: Progress) => void) {
    this.#slices = slices;
    this.#onProgress = onProgress;
    this.#progress = latestOnly(onProgress, PROGRESS_SPACING_MS);
  }

  /** The image at `index`, which becomes the centre of what is fetched next. */
  async load(index: number): Promise<Types.IImage> {
    this.#centre = index;
    const image = await this.#fetch(index);
    this.#fill();
    return image;
  }

  has(index: number): boolean {
    return this.#loaded.has(index);
  }

  stop(): void {
    this.#stopped = true;
    this.#progress.cancel();
    this.#unsubscribe();
  }

  async #fetch(index: number): Promise<Types.IImage> {
    const slice = this.#slices[index];
    if (slice === undefined) throw new RangeError(`no slice ${index}`);
    try {
      const image = await loadImage(slice.imageId);
      this.#loaded.add(index);
      this.#failed.delete(index);
      return image;
    } catch (error) {
      this.#failed.add(index);
      throw error;
    } finally {
      this.#tell();
    }
  }

  #tell(): void {
    const progress = { loaded: this.#loaded.size, failed: this.#failed.size };
    // A slice that was there already is no progress: the page would be drawn before it.
    const isNews = progress.loaded !== this.#told.loaded || progress.failed !== this.#told.failed;
    if (this.#stopped || !isNews) return;
    this.#told = progress;
    if (progress.loaded + progress.failed < this.#slices.length) {
      this.#progress.send(progress);
      return;
    }
    this.#progress.cancel();
    this.#onProgress(progress);
  }

  #fill(): void {
    // Before the first image there is nothing that the others would be next to.
    if (this.#stopped || this.#loaded.size === 0) return;
    const most = PREFETCHES_AT_ONCE[lineBudget.get().images];
    for (const index of outwards(this.#centre, this.#slices.length)) {
      if (this.#inFlight.size >= most) return;
      if (this.#loaded.has(index) || this.#failed.has(index) || this.#inFlight.has(index)) continue;
      this.#inFlight.add(index);
      const next = () => {
        this.#inFlight.delete(index);
        this.#fill();
      };
      this.#fetch(index).then(next, next);
    }
  }
}

/** A small picture of one image, as the image itself wants to be shown; false where it cannot be. */
export async function drawThumbnail(canvas: HTMLCanvasElement, imageId: string): Promise<boolean> {
  await startCornerstone();
  const image = await loadImage(imageId).catch(() => null);
  if (image === null) return false;
  await utilities.loadImageToCanvas({ canvas, imageId, thumbnail: true, useCPURendering: true });
  return true;
}
