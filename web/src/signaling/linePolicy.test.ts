import { describe, expect, it } from "vitest";

import { afterSecond, decide, FIRST_POLICY, LEVELS, type Level, type LineDecision, type LineFigures, type LinePolicy } from "./linePolicy";

const GOOD: LineFigures = { rttMs: 40, lossOut: 0, lossIn: 0, jitterMs: 5, concealed: 0, availableBps: 3e6, sentBps: 1e6 };

interface Line {
  bps: number;
  loss: number;
  rttMs: number;
}
const EASY: Line = { bps: 5e6, loss: 0, rttMs: 40 };
/** What a clinician's old modem line keeps waiting before it throws packets away. */
const QUEUE_MOST_S = 1;
const HEADERS_BPS = 20_000;
const PACKETS_A_SECOND = { speech: 50, video: 60 };

interface Second extends LineDecision {
  lossOut: number;
  speechBps: number;
}

/** 32 bit xorshift: the same dice in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A call over a line that is another one each second. `uploadBps`: what an upload would take if it were let. */
function call(seconds: number, lineAt: (second: number) => Line, uploadBps = 0, seed = 7): Second[] {
  const roll = dice(seed);
  let policy: LinePolicy = FIRST_POLICY;
  let queuedBits = 0;
  const seen: Second[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const line = lineAt(second);
    const { video, audioBps, copies, uploads } = decide(policy);
    const speechBps = (copies ? 2 : 1) * audioBps + HEADERS_BPS;
    // The browser's own congestion control keeps the picture within what the line gives, and lets queues drain.
    const left = (line.bps - speechBps) * 0.95 - queuedBits;
    const videoBps = video === null ? 0 : Math.max(30_000, Math.min(video.maxBps, 1.2e6, left));
    const upload = { free: uploadBps, limited: uploadBps / 10, paused: 0 }[uploads];
    const sentBps = speechBps + videoBps;
    queuedBits = Math.max(0, queuedBits + sentBps + upload - line.bps);
    const dropped = Math.max(0, queuedBits - QUEUE_MOST_S * line.bps);
    queuedBits -= dropped;
    const packets = PACKETS_A_SECOND.speech + (video === null ? 0 : PACKETS_A_SECOND.video);
    let lost = 0;
    for (let packet = 0; packet < packets; packet += 1) lost += roll() < line.loss ? 1 : 0;
    const lossOut = Math.min(1, lost / packets + dropped / (sentBps + upload));
    policy = afterSecond(policy, {
      rttMs: line.rttMs + (1_000 * queuedBits) / line.bps + roll() * 10,
      lossOut,
      lossIn: line.loss,
      jitterMs: 5 + roll() * 10,
      concealed: line.loss / 2,
      availableBps: Math.min(line.bps, 1.5 * sentBps),
      sentBps,
    });
    seen.push({ ...decide(policy), lossOut, speechBps });
  }
  return seen;
}

const changes = (levels: readonly string[]) => levels.filter((level, index) => index > 0 && level !== levels[index - 1]).length;
const levels = (seconds: readonly Second[]) => seconds.map(({ level }) => level);
const rank = (level: Level) => LEVELS.findIndex((row) => row.level === level);
const after = (figures: readonly Partial<LineFigures>[]) =>
  decide(figures.reduce((policy: LinePolicy, part) => afterSecond(policy, { ...GOOD, ...part }), FIRST_POLICY));

describe("on a good line", () => {
  it("everything is sent, for as long as it is good", () => {
    const seen = call(600, () => EASY);
    expect(new Set(levels(seen))).toEqual(new Set(["full"]));
    expect(seen.at(-1)).toMatchObject({ uploads: "free", images: "free", out: "good", in: "good" });
  });

  it("that is merely long, as by satellite, nothing is taken away", () => {
    const seen = call(300, () => ({ bps: 5e6, loss: 0, rttMs: 620 }), 0);
    expect(new Set(levels(seen))).toEqual(new Set(["full"]));
    expect(seen.at(-1)?.out).toBe("poor");
  });

  it("two lost packets in a hundred do not make the level flap", () => {
    expect(changes(levels(call(600, () => ({ ...EASY, loss: 0.02 }))))).toBe(0);
  });
});

describe("on a line of 64 kbit/s", () => {
  const seen = call(600, () => ({ bps: 64_000, loss: 0, rttMs: 80 }));

  it("the moving picture is gone within six seconds", () => {
    expect(rank(seen[6]?.level ?? "full")).toBeGreaterThanOrEqual(rank("still"));
  });

  it("speech loses nothing nine seconds in ten, for all the tries", () => {
    const clean = seen.slice(30).filter(({ lossOut }) => lossOut === 0).length;
    expect(clean / (seen.length - 30)).toBeGreaterThan(0.9);
  });

  it("copies of speech, for which there is no room, are gone within six seconds and tried ever more seldom", () => {
    expect(seen[0]?.copies).toBe(true);
    expect(seen[6]?.copies).toBe(false);
    expect(seen.slice(30).filter(({ copies }) => copies).length).toBeLessThan(57);
    expect(changes(seen.slice(300).map(({ copies }) => String(copies)))).toBeLessThanOrEqual(4);
  });

  it("the picture is tried again ever more seldom", () => {
    expect(changes(levels(seen))).toBeLessThanOrEqual(14);
    expect(changes(levels(seen.slice(300)))).toBeLessThanOrEqual(4);
  });
});

describe("with 30 % loss and 300 ms round trip", () => {
  const seen = call(600, () => ({ bps: 2e6, loss: 0.3, rttMs: 300 }), 1e6);

  it("it is at speech alone, at 24 kbit/s, within eight seconds, and stays there", () => {
    expect(new Set(levels(seen.slice(8)))).toEqual(new Set(["audio-only"]));
    expect(LEVELS.at(-1)).toMatchObject({ video: null, audioBps: 24_000 });
  });

  it("each packet of speech goes with a copy of the one before it", () => {
    expect(seen.every(({ copies }) => copies)).toBe(true);
  });

  it("uploads and images stand from the third second on, and both sides are told", () => {
    expect(seen.slice(3).every(({ uploads, images }) => uploads === "paused" && images === "paused")).toBe(true);
    expect(seen.at(-1)).toMatchObject({ out: "poor", in: "poor" });
  });
});

it("a line that recovers has its picture back within a minute, rung by rung", () => {
  const seen = call(120, (second) => (second < 30 ? { bps: 2e6, loss: 0.3, rttMs: 300 } : { bps: 2e6, loss: 0, rttMs: 60 }));
  expect(seen[29]?.level).toBe("audio-only");
  expect(seen[90]?.level).toBe("full");
  const climbed = levels(seen.slice(29)).map(rank);
  expect(climbed.every((rung, index) => index === 0 || (climbed[index - 1] ?? 0) - rung <= 1)).toBe(true);
  expect(seen.at(-1)).toMatchObject({ uploads: "free", images: "free", out: "good", in: "good" });
});

it.each([5, 15, 30])("a line that is bad every other %i seconds does not make the level swing with it", (half) => {
  const seen = call(600, (second) => (Math.floor(second / half) % 2 === 0 ? EASY : { bps: 2e6, loss: 0.3, rttMs: 300 }));
  expect(changes(levels(seen))).toBeLessThanOrEqual(16);
  expect(changes(levels(seen.slice(300)))).toBeLessThanOrEqual(5);
});

it("an upload yields before the picture does", () => {
  const seen = call(60, () => ({ bps: 1.5e6, loss: 0, rttMs: 40 }), 4e6);
  const yielded = seen.findIndex(({ uploads }) => uploads === "paused");
  expect(yielded).toBeGreaterThanOrEqual(0);
  expect(yielded).toBeLessThanOrEqual(2);
  expect(new Set(levels(seen))).toEqual(new Set(["full"]));
});

it("speech is never given up: on whatever line, it has at least 24 kbit/s", () => {
  const rolls = dice(3);
  const seen = call(2_000, () => ({ bps: 20_000 + rolls() * 3e6, loss: rolls() * 0.6, rttMs: 30 + rolls() * 900 }), 3e6);
  expect(Math.min(...seen.map(({ speechBps }) => speechBps))).toBe(24_000 + HEADERS_BPS);
});

describe("the two ways of the line", () => {
  it("are judged apart: what we hear badly holds images back and leaves our picture alone", () => {
    const heard = after(Array.from({ length: 10 }, () => ({ lossIn: 0.2 })));
    expect(heard).toMatchObject({ level: "full", uploads: "free", images: "paused", out: "good", in: "poor" });
  });

  it("count speech that came too late as lost", () => {
    expect(after(Array.from({ length: 5 }, () => ({ concealed: 0.1 }))).images).toBe("paused");
  });
});

it("a second without figures changes nothing", () => {
  const nothing: LineFigures = { rttMs: null, lossOut: null, lossIn: null, jitterMs: null, concealed: null, availableBps: null, sentBps: null };
  const bad = Array.from({ length: 10 }).reduce((policy: LinePolicy) => afterSecond(policy, { ...GOOD, lossOut: 0.3 }), FIRST_POLICY);
  const silent = Array.from({ length: 60 }).reduce((policy: LinePolicy) => afterSecond(policy, nothing), bad);
  expect(decide(silent)).toEqual(decide(bad));
});
