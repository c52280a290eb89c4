/**
 * The sizes of one's own picture that are sent at once (simulcast), and which of them a window needs. Pure.
 *
 * A name (RFC 8851 RID) stands for a size, whatever the camera: so whoever watches can say what is enough
 * without knowing the camera. Chromium sends no more of them than the camera has pixels for (3 from 960 x 540, 2
 * from 480 x 270) and leaves out the last ones: so a small camera's own size has an earlier name.
 */
import type { VideoLimits } from "./linePolicy";

export type Rid = "q" | "h" | "f";

interface Layer {
  rid: Rid;
  /** The longer side at most, in pixels. */
  sidePx: number;
  maxBps: number;
}

/** The smallest first: so does the browser give out what its line carries. */
export const LAYERS: readonly Layer[] = [
  { rid: "q", sidePx: 320, maxBps: 150_000 },
  { rid: "h", sidePx: 640, maxBps: 600_000 },
  { rid: "f", sidePx: 1_280, maxBps: 1_500_000 },
];
/** With less than this share of what a size may take, the next smaller one looks better. */
const WORTH_IT = 0.4;

export interface Encoding {
  rid: Rid;
  active: boolean;
  maxBitrate: number;
  maxFramerate: number;
  scaleResolutionDownBy: number;
}

/**
 * Args:
 *     cameraPx: the longer side of the camera's picture.
 *     limits: what the line bears for all sizes together; null: no picture.
 *     wanted: the sizes that somebody watches.
 */
export function encodingsOf(cameraPx: number, limits: VideoLimits | null, wanted: ReadonlySet<string>): Encoding[] {
  let leftBps = limits?.maxBps ?? 0;
  return LAYERS.map(({ rid, sidePx, maxBps }, index) => {
    const below = LAYERS[index - 1];
    const hasPixels = below === undefined || cameraPx > below.sidePx;
    const active = limits !== null && hasPixels && wanted.has(rid) && (below === undefined || leftBps >= WORTH_IT * maxBps);
    const maxBitrate = Math.min(maxBps, leftBps);
    if (active) leftBps -= maxBitrate;
    return {
      rid,
      active,
      maxBitrate: active ? maxBitrate : maxBps,
      maxFramerate: limits?.framesPerSecond ?? 30,
      scaleResolutionDownBy: Math.max(1, cameraPx / sidePx),
    };
  });
}

/** The smallest size that fills a window of this longer side, in pixels of the screen; null: none is seen. */
export function ridFor(windowPx: number): Rid | null {
  if (windowPx <= 0) return null;
  return LAYERS.find(({ sidePx }) => sidePx >= windowPx)?.rid ?? "f";
}
