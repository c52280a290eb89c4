/** What is said of the line, beside the one word: figures for whoever helps, a sentence for everybody. Pure. */
import type { Spread } from "../signaling/lineStats";
import type { LineView } from "../signaling/session";

export interface LineFact {
  fact: "rtt" | "lossOut" | "lossIn" | "jitter" | "sent" | "freezes";
  value: string;
}

const percent = (fraction: number) => `${(100 * fraction).toFixed(fraction < 0.1 ? 1 : 0)} %`;
const ms = (value: number) => `${Math.round(value)} ms`;

/** What is known of the last second and of the call, in the order of its weight for speech. */
export function lineFacts({ figures, quality }: Pick<LineView, "figures" | "quality">): LineFact[] {
  if (figures === null) return [];
  const known = (fact: LineFact["fact"], value: number | null, say: (value: number) => string): LineFact[] =>
    value === null ? [] : [{ fact, value: say(value) }];
  const withMost = (say: (value: number) => string, { most }: Spread) => (value: number) =>
    most > value ? `${say(value)} (≤ ${say(most)})` : say(value);
  return [
    ...known("lossOut", figures.lossOut, withMost(percent, quality.lossOut)),
    ...known("lossIn", figures.lossIn, withMost(percent, quality.lossIn)),
    ...known("rtt", figures.rttMs, withMost(ms, quality.rttMs)),
    ...known("jitter", figures.jitterMs, withMost(ms, quality.jitterMs)),
    ...known("sent", figures.sentBps, (value) => `${Math.round(value / 1_000)} kbit/s`),
    ...known("freezes", quality.freezeCount, String),
  ];
}
