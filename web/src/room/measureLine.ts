/**
 * Measures the line to our server before a call: the way there and back, and what goes each way in a second.
 *
 * Speech goes another way than this (UDP to the relay), so packets that get lost show only as answers that come
 * late or never.
 */

/** One exchange of so many bytes; rejects where no answer came. */
export interface LineExchange {
  receive: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
  send: (sizeBytes: number, signal: AbortSignal) => Promise<void>;
}

export interface LineMeasure {
  /** Null where no answer came at all. */
  rttMs: number | null;
  /** Between one answer and the next, as a rule. */
  unevennessMs: number | null;
  /** Of the short questions. */
  unanswered: number;
  downBps: number | null;
  upBps: number | null;
}

export type Verdict = "none" | "speech" | "still" | "small" | "good";

const QUESTIONS = 9;
const GIVE_UP_MS = 4_000;
/** A question larger than the last while that one was answered in less: a thin line is not kept busy. */
const SIZES = [8_192, 65_536, 524_288] as const;
const LARGER_IF_UNDER_MS = 400;

export async function measureLine(
  { receive, send }: LineExchange,
  stop: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<LineMeasure> {
  /** Milliseconds that it took; null where no answer came in time. */
  const timed = async (exchange: LineExchange["send"], sizeBytes: number) => {
    const began = now();
    try {
      await exchange(sizeBytes, AbortSignal.any([stop, AbortSignal.timeout(GIVE_UP_MS)]));
      return now() - began;
    } catch {
      stop.throwIfAborted();
      return null;
    }
  };
  // The first question opens the connection.
  await timed(receive, 0);
  const answers: number[] = [];
  for (let question = 0; question < QUESTIONS; question += 1) {
    const took = await timed(receive, 0);
    if (took !== null) answers.push(took);
  }
  const rttMs = median(answers);
  const rate = async (exchange: LineExchange["send"]) => {
    let bps: number | null = null;
    for (const size of SIZES) {
      const took = await timed(exchange, size);
      if (took === null) break;
      // What the way itself takes is not the line's width; of a large answer at least a tenth is.
      bps = (8_000 * size) / Math.max(took - Math.min(...answers), took / 10);
      if (took >= LARGER_IF_UNDER_MS) break;
    }
    return bps;
  };
  const reachable = rttMs !== null;
  return {
    rttMs,
    unevennessMs: unevenness(answers),
    unanswered: QUESTIONS - answers.length,
    downBps: reachable ? await rate(receive) : null,
    upBps: reachable ? await rate(send) : null,
  };
}

/** The first whose needs are met; upwards is what the others see and hear. */
const NEEDS: readonly { verdict: Verdict; bps: number; rttMs: number; unevennessMs: number; unanswered: number }[] = [
  { verdict: "good", bps: 800_000, rttMs: 300, unevennessMs: 60, unanswered: 0 },
  { verdict: "small", bps: 250_000, rttMs: 500, unevennessMs: 150, unanswered: 0 },
  { verdict: "still", bps: 100_000, rttMs: 800, unevennessMs: 400, unanswered: 1 },
  { verdict: "speech", bps: 0, rttMs: Infinity, unevennessMs: Infinity, unanswered: QUESTIONS - 1 },
];

export function verdictOf({ rttMs, unevennessMs, unanswered, downBps, upBps }: LineMeasure): Verdict {
  if (rttMs === null) return "none";
  const bps = Math.min(downBps ?? 0, upBps ?? 0);
  const met = NEEDS.find(
    (need) =>
      bps >= need.bps &&
      rttMs <= need.rttMs &&
      (unevennessMs ?? 0) <= need.unevennessMs &&
      unanswered <= need.unanswered,
  );
  return met?.verdict ?? "none";
}

function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

function unevenness(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const steps = values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? value)));
  // One answer that a busy server kept waiting is not the line's.
  return median(steps);
}
