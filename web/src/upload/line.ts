/**
 * How fast the line is, apart from what the server takes: two requests of different size tell. Pure.
 *
 * A request takes overhead + bytes / rate, and the overhead holds the way there and back and the server's work.
 * So the difference between a small and a large one gives the rate.
 */

export interface Sample {
  bytes: number;
  seconds: number;
  /** Requests that shared the line. */
  parallel: number;
  at_ms: number;
}

export interface Line {
  samples: readonly Sample[];
  /** From the last pair of a small and a large request; null before the first. */
  probed_bytes_per_s: number | null;
  /** What arrived in a second when it was probed. */
  goodput_then: number | null;
  probed_at_ms: number;
}

export const UNKNOWN_LINE: Line = { samples: [], probed_bytes_per_s: null, goodput_then: null, probed_at_ms: 0 };
const SAMPLES = 12;
const PROBE_AGAIN_MS = 5_000;
/** Of a large request at least a tenth is the line; the rest is the server. */
const MOST_OVERHEAD = 10;

/** Bytes a second that really went, the best of the last requests. */
export function goodput({ samples }: Line): number | null {
  if (samples.length === 0) return null;
  return Math.max(...samples.map(({ bytes, seconds, parallel }) => (bytes * parallel) / Math.max(seconds, 1e-4)));
}

export function afterRequest(line: Line, sample: Sample): Line {
  return { ...line, samples: [...line.samples, sample].slice(-SAMPLES) };
}

/** After a small and a large request, one after the other. */
export function afterProbe(line: Line, small: Sample, large: Sample): Line {
  const seconds = large.seconds / large.parallel - small.seconds / small.parallel;
  // A lost packet can make the small one the slower: the line is no faster than a few times what really went.
  const most = (MOST_OVERHEAD * large.bytes * large.parallel) / Math.max(large.seconds, 1e-4);
  const rate = seconds <= 0 ? most : Math.min(most, (large.bytes - small.bytes) / seconds);
  const samples = [small, large];
  return {
    samples,
    probed_bytes_per_s: rate,
    goodput_then: goodput({ ...line, samples }),
    probed_at_ms: large.at_ms,
  };
}

/** Never below what was seen to go through. */
export function lineRate(line: Line): number | null {
  if (line.probed_bytes_per_s === null) return null;
  return Math.max(line.probed_bytes_per_s, goodput(line) ?? 0);
}

/** The line seems to have changed since it was probed: half or twice as much arrives. */
export function isProbeDue(line: Line, now_ms: number): boolean {
  if (line.probed_bytes_per_s === null || line.goodput_then === null) return true;
  if (now_ms - line.probed_at_ms < PROBE_AGAIN_MS || line.samples.length < SAMPLES) return false;
  const now = goodput(line) ?? 0;
  return now < line.goodput_then / 2 || now > line.goodput_then * 2;
}
