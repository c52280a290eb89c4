/** How many requests go at once, how much each carries, and how an upload gives way to a call. Pure. */
import type { Share } from "../signaling/linePolicy";

/** HTTP/1.1: a browser opens six connections to a server, and the page needs some itself. */
export const PARALLEL_MOST = 6;
const PARALLEL_FIRST = 2;
/** So many answers are one measurement. */
const ANSWERS_A_WINDOW = 6;
/** One more connection must bring this, or it is taken back. */
const GAIN_WORTH = 1.05;
const DROP = 0.7;
const HOLD_WINDOWS = 6;

export interface Pace {
  parallel: number;
  /** Files' bytes a second of the last whole window; null before the first. */
  bytes_per_s: number | null;
  rose: boolean;
  hold: number;
  window: { answers: number; bytes: number; began_ms: number | null };
}

export const FIRST_PACE: Pace = {
  parallel: PARALLEL_FIRST,
  bytes_per_s: null,
  rose: false,
  hold: 0,
  window: { answers: 0, bytes: 0, began_ms: null },
};

/** One more answer came. Adds a connection while that brings more, takes it back when it does not. */
export function afterAnswer(pace: Pace, bytes: number, now_ms: number): Pace {
  const { window } = pace;
  if (window.began_ms === null) return { ...pace, window: { answers: 0, bytes: 0, began_ms: now_ms } };
  const answers = window.answers + 1;
  const total = window.bytes + bytes;
  if (answers < ANSWERS_A_WINDOW) return { ...pace, window: { ...window, answers, bytes: total } };
  const rate = (total * 1_000) / Math.max(1, now_ms - window.began_ms);
  const next = { bytes_per_s: rate, window: { answers: 0, bytes: 0, began_ms: now_ms } };
  const before = pace.bytes_per_s;
  if (before !== null && rate < before * DROP) {
    return { ...next, parallel: Math.max(1, Math.ceil(pace.parallel / 2)), rose: false, hold: 1 };
  }
  if (before !== null && pace.rose && rate < before * GAIN_WORTH) {
    return { ...next, parallel: Math.max(1, pace.parallel - 1), rose: false, hold: HOLD_WINDOWS };
  }
  if (pace.hold > 0) return { ...next, parallel: pace.parallel, rose: false, hold: pace.hold - 1 };
  const parallel = Math.min(PARALLEL_MOST, pace.parallel + 1);
  return { ...next, parallel, rose: parallel > pace.parallel, hold: 0 };
}

/** A request was lost: half as many at once. */
export function afterLoss(pace: Pace): Pace {
  return { ...FIRST_PACE, parallel: Math.max(1, Math.floor(pace.parallel / 2)), hold: 1 };
}

/**
 * While somebody speaks, speech has the line: one request at a time, and the line left alone in between, the longer
 * the less the call can spare. Where it can spare nothing, nothing begins before speech is well again.
 */
export const CALL_SHARES: Readonly<Record<Exclude<Share, "paused">, { of_time: number; pause_most_ms: number }>> = {
  free: { of_time: 0.4, pause_most_ms: 4_000 },
  limited: { of_time: 0.1, pause_most_ms: 15_000 },
};

export function parallelNow(pace: Pace, inCall: boolean, share: Share): number {
  if (share === "paused") return 0;
  return inCall ? 1 : pace.parallel;
}

/** How long the line is left alone after a request that took so long. */
export function pauseAfterMs(request_ms: number, inCall: boolean, share: Share): number {
  if (!inCall || share === "paused") return 0;
  const { of_time, pause_most_ms } = CALL_SHARES[share];
  return Math.min(pause_most_ms, request_ms * (1 / of_time - 1));
}

const REQUEST_S = 0.15;
const BATCH_BYTES_MOST = 8 << 20;
export const BATCH_FILES_MOST = 32;

/**
 * How many bytes one request should carry, so that it is on the line for a part of a second; 0 means a single file.
 * It follows the line and not what arrives: where the work around a request is what takes long, fewer requests help.
 */
export function batchBytes(pace: Pace, line_bytes_per_s: number | null, inCall: boolean): number {
  if (inCall || line_bytes_per_s === null) return 0;
  return Math.min(BATCH_BYTES_MOST, (line_bytes_per_s / pace.parallel) * REQUEST_S);
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 10_000;

/** Before try `n` (0-based) after a loss: an upload never gives up by itself. */
export const retryDelayMs = (n: number) => Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** n);
