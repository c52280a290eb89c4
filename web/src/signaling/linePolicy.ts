/**
 * What may be sent on the line as it is: speech first, then pictures of faces, then images and uploads. Pure.
 *
 * Each second's figures are held against tables. What yields first is what speech needs least: within a second
 * uploads and images that nobody looks at yet, then frames, then size, then motion. Speech itself is never taken
 * away, only made smaller. The two ways of a line are judged apart: an upload harms what we say, an image what
 * we hear.
 */
import { onRung, type Pace, type Place, step } from "./ladder";

/** One second of the call. Null where nothing was heard of it. Fractions are 0..1. */
export interface LineFigures {
  rttMs: number | null;
  /** Of the packets that we sent, or that were sent to us. */
  lossOut: number | null;
  lossIn: number | null;
  /** Of the speech that we hear. */
  jitterMs: number | null;
  /** Of the speech that we hear, what had to be made up. */
  concealed: number | null;
  /** What the browser believes that it could send. */
  availableBps: number | null;
  sentBps: number | null;
}

export type Level = "full" | "fewer-frames" | "small" | "still" | "audio-only";
/** How much of the line uploads, or images ahead of the one looked at, may take. */
export type Share = "free" | "limited" | "paused";
export type Word = "good" | "fair" | "poor";

const WORDS_FROM_WORST: readonly Word[] = ["poor", "fair", "good"];

/** The worse of the two ways: one word for the line. */
export const worseOf = (line: { out: Word; in: Word }): Word =>
  WORDS_FROM_WORST.find((word) => line.out === word || line.in === word) ?? "good";

export interface VideoLimits {
  /** For all sizes of the picture together (layers.ts): the larger ones go first. */
  maxBps: number;
  framesPerSecond: number;
}

/** What a rung bears at most. Delay is what waits in queues on the way: the round trip over this line's shortest. */
interface Bounds {
  loss: number;
  delayMs: number;
}

interface LevelRow extends Bounds {
  level: Level;
  /** Null: no moving picture; the last frame stays on the others' screens. */
  video: VideoLimits | null;
  /** Of a shared screen: what is written on it has to stay legible, so that only frames are saved. */
  screen: VideoLimits | null;
  audioBps: number;
  /** Where the line is full and gives less than this, the level is not worth having. */
  needsBps: number;
}

const ANY = Infinity;

export const LEVELS: readonly LevelRow[] = [
  {
    level: "full", loss: 0.05, delayMs: 250, needsBps: 250_000, audioBps: 32_000,
    video: { maxBps: 2_250_000, framesPerSecond: 30 },
    screen: { maxBps: 2_500_000, framesPerSecond: 10 },
  },
  {
    level: "fewer-frames", loss: 0.1, delayMs: 400, needsBps: 140_000, audioBps: 32_000,
    video: { maxBps: 400_000, framesPerSecond: 12 },
    screen: { maxBps: 500_000, framesPerSecond: 5 },
  },
  {
    level: "small", loss: 0.16, delayMs: 600, needsBps: 80_000, audioBps: 32_000,
    video: { maxBps: 120_000, framesPerSecond: 10 },
    screen: { maxBps: 150_000, framesPerSecond: 2 },
  },
  {
    level: "still", loss: 0.22, delayMs: 900, needsBps: 48_000, audioBps: 32_000,
    video: null,
    screen: { maxBps: 60_000, framesPerSecond: 1 },
  },
  {
    level: "audio-only", loss: ANY, delayMs: ANY, needsBps: 0, audioBps: 24_000,
    video: null,
    screen: null,
  },
];

const SHARES: readonly (Bounds & { share: Share })[] = [
  { share: "free", loss: 0.03, delayMs: 120 },
  { share: "limited", loss: 0.06, delayMs: 200 },
  { share: "paused", loss: ANY, delayMs: ANY },
];

/** Copies of speech help where packets are lost, and harm where they wait: on a line that is too thin for them. */
const COPIES: readonly { copies: boolean; delayMs: number }[] = [
  { copies: true, delayMs: 200 },
  { copies: false, delayMs: ANY },
];

const WORDS: readonly { word: Word; loss: number; rttMs: number; jitterMs: number }[] = [
  { word: "good", loss: 0.03, rttMs: 300, jitterMs: 50 },
  { word: "fair", loss: 0.12, rttMs: 600, jitterMs: 150 },
  { word: "poor", loss: ANY, rttMs: ANY, jitterMs: ANY },
];

const VIDEO_PACE: Pace = { fallAfterS: 3, firstHoldS: 10, longestHoldS: 160 };
const SHARE_PACE: Pace = { fallAfterS: 1, firstHoldS: 6, longestHoldS: 96 };
const COPIES_PACE: Pace = { fallAfterS: 2, firstHoldS: 20, longestHoldS: 160 };
const WORD_PACE: Pace = { fallAfterS: 2, firstHoldS: 4, longestHoldS: 8 };
/** A rung is climbed only where its bounds are kept with this to spare. */
const TO_SPARE = 0.6;
/** A word only describes: it need not be as careful. */
const WORD_TO_SPARE = 0.85;
/** Below this many times what is sent, what the browser could send is all that the line has. */
const FULL_BELOW = 1.2;
/** The share of the latest second in what is judged: one lost packet of fifty is no bad line. */
const LATEST = 0.5;
/** The shortest round trip is forgotten this slowly: a way over another network is longer for good. */
const FORGET_MS_PER_S = 1;

export interface LinePolicy {
  lossOut: number;
  lossIn: number;
  rttMs: number | null;
  shortestMs: number | null;
  jitterMs: number;
  video: Place;
  copies: Place;
  uploads: Place;
  images: Place;
  out: Place;
  in: Place;
}

export const FIRST_POLICY: LinePolicy = {
  lossOut: 0,
  lossIn: 0,
  rttMs: null,
  shortestMs: null,
  jitterMs: 0,
  video: onRung(0, VIDEO_PACE),
  copies: onRung(0, COPIES_PACE),
  uploads: onRung(0, SHARE_PACE),
  images: onRung(0, SHARE_PACE),
  out: onRung(0, WORD_PACE),
  in: onRung(0, WORD_PACE),
};

export interface LineDecision {
  level: Level;
  video: VideoLimits | null;
  screen: VideoLimits | null;
  audioBps: number;
  /** Whether each packet of speech goes with a copy of the one before it (speechForm.ts). */
  copies: boolean;
  uploads: Share;
  images: Share;
  /** How what we say arrives, and how what we hear does. */
  out: Word;
  in: Word;
}

export function decide(policy: LinePolicy): LineDecision {
  const { level, video, screen, audioBps } = at(LEVELS, policy.video.rung);
  return {
    level,
    video,
    screen,
    audioBps,
    copies: at(COPIES, policy.copies.rung).copies,
    uploads: at(SHARES, policy.uploads.rung).share,
    images: at(SHARES, policy.images.rung).share,
    out: at(WORDS, policy.out.rung).word,
    in: at(WORDS, policy.in.rung).word,
  };
}

/** The policy a second later. */
export function afterSecond(policy: LinePolicy, figures: LineFigures): LinePolicy {
  // What had to be made up counts as lost, whatever the packets say: it came too late.
  const { lossIn: packetsIn, concealed } = figures;
  const heardBad = packetsIn === null && concealed === null ? null : Math.max(packetsIn ?? 0, concealed ?? 0);
  const lossOut = smooth(policy.lossOut, figures.lossOut);
  const lossIn = smooth(policy.lossIn, heardBad);
  const jitterMs = smooth(policy.jitterMs, figures.jitterMs);
  const rttMs = figures.rttMs === null ? policy.rttMs : smooth(policy.rttMs ?? figures.rttMs, figures.rttMs);
  const shortestMs =
    figures.rttMs === null ? policy.shortestMs : Math.min(figures.rttMs, (policy.shortestMs ?? Infinity) + FORGET_MS_PER_S);

  const latestRtt = figures.rttMs ?? rttMs ?? 0;
  const line = { rttMs: rttMs ?? 0, delayMs: (rttMs ?? 0) - (shortestMs ?? 0) };
  const latest = { rttMs: latestRtt, delayMs: latestRtt - (shortestMs ?? 0) };
  const out = both({ ...line, loss: lossOut, jitterMs: 0 }, { ...latest, loss: figures.lossOut ?? lossOut, jitterMs: 0 });
  const inward = both(
    { ...line, loss: lossIn, jitterMs },
    { ...latest, loss: heardBad ?? lossIn, jitterMs: figures.jitterMs ?? jitterMs },
  );

  const { availableBps, sentBps } = figures;
  const isShowing = at(LEVELS, policy.video.rung).video !== null;
  // Without a picture the browser cannot know what the line would give: then it is tried.
  const isFull = isShowing && availableBps !== null && sentBps !== null && availableBps < FULL_BELOW * sentBps;
  const gives = isFull ? availableBps : Infinity;
  const level = ({ loss, delayMs }: Seen, spare: number) =>
    LEVELS.findIndex((row) => loss <= row.loss * spare && delayMs <= row.delayMs * spare && gives >= row.needsBps);

  return {
    lossOut,
    lossIn,
    rttMs,
    shortestMs,
    jitterMs,
    video: step(policy.video, level(out.atLeast, 1), isFull ? policy.video.rung : level(out.atMost, TO_SPARE), VIDEO_PACE),
    copies: step(policy.copies, copies(out.atLeast, 1), copies(out.atMost, TO_SPARE), COPIES_PACE),
    uploads: step(policy.uploads, share(out.atLeast, 1), share(out.atMost, TO_SPARE), SHARE_PACE),
    images: step(policy.images, share(inward.atLeast, 1), share(inward.atMost, TO_SPARE), SHARE_PACE),
    out: step(policy.out, word(out.atLeast, 1), word(out.atMost, WORD_TO_SPARE), WORD_PACE),
    in: step(policy.in, word(inward.atLeast, 1), word(inward.atMost, WORD_TO_SPARE), WORD_PACE),
  };
}

interface Seen extends Bounds {
  rttMs: number;
  jitterMs: number;
}

/** Down only by what the latest second and those before it agree on, up likewise: one odd second moves nothing. */
function both(before: Seen, latest: Seen): { atLeast: Seen; atMost: Seen } {
  const of = (choose: (a: number, b: number) => number): Seen => ({
    loss: choose(before.loss, latest.loss),
    delayMs: choose(before.delayMs, latest.delayMs),
    rttMs: choose(before.rttMs, latest.rttMs),
    jitterMs: choose(before.jitterMs, latest.jitterMs),
  });
  return { atLeast: of(Math.min), atMost: of(Math.max) };
}

const share = ({ loss, delayMs }: Seen, spare: number) =>
  SHARES.findIndex((row) => loss <= row.loss * spare && delayMs <= row.delayMs * spare);

const copies = ({ delayMs }: Seen, spare: number) => COPIES.findIndex((row) => delayMs <= row.delayMs * spare);

const word = ({ loss, rttMs, jitterMs }: Seen, spare: number) =>
  WORDS.findIndex((row) => loss <= row.loss * spare && rttMs <= row.rttMs * spare && jitterMs <= row.jitterMs * spare);

const smooth = (before: number, now: number | null) => (now === null ? before : before + LATEST * (now - before));

function at<T>(rows: readonly T[], rung: number): T {
  const row = rows[rung];
  if (row === undefined) throw new RangeError(`no rung ${rung}`);
  return row;
}
