import { describe, expect, it } from "vitest";

import { figuresBetween, hasHeard, NO_CALL, stillTracks, withSecond, type LineReport, type StatsEntry } from "./lineStats";

/** A call as its counters stand after so many seconds: 50 packets of speech and 100 of video each. */
function aReport(second: number, changes: { [id: string]: Partial<StatsEntry> } = {}): LineReport {
  const timestamp = 1_000 * second;
  const entry = (id: string, type: string, rest: Partial<StatsEntry>): StatsEntry => ({ id, type, timestamp, ...rest, ...changes[id] });
  return {
    outbound: [
      entry("pair", "candidate-pair", { nominated: true, currentRoundTripTime: 0.08, availableOutgoingBitrate: 900_000 }),
      entry("unused", "candidate-pair", { nominated: false, currentRoundTripTime: 9, availableOutgoingBitrate: 1 }),
      entry("a", "outbound-rtp", { kind: "audio", packetsSent: 50 * second, bytesSent: 4_000 * second, headerBytesSent: 1_000 * second }),
      entry("v", "outbound-rtp", { kind: "video", packetsSent: 100 * second, bytesSent: 95_000 * second }),
      entry("ra", "remote-inbound-rtp", { kind: "audio", localId: "a", fractionLost: 0 }),
      entry("rv", "remote-inbound-rtp", { kind: "video", localId: "v", fractionLost: 0 }),
    ],
    inbound: [
      entry("ia", "inbound-rtp", { kind: "audio", packetsReceived: 50 * second, packetsLost: 0, jitter: 0.012, totalSamplesReceived: 48_000 * second }),
      entry("iv", "inbound-rtp", { kind: "video", trackIdentifier: "ben", framesDecoded: 24 * second, freezeCount: 0 }),
    ],
  };
}

describe("the figures of a second", () => {
  it("are those of the pair in use and of what was sent between the reports", () => {
    expect(figuresBetween(aReport(1), aReport(2))).toEqual({
      rttMs: 80,
      lossOut: 0,
      lossIn: 0,
      jitterMs: 12,
      concealed: 0,
      availableBps: 900_000,
      sentBps: 800_000,
    });
  });

  it("weigh each stream's loss by its packets", () => {
    const after = aReport(2, { ra: { fractionLost: 0.3 }, rv: { fractionLost: 0 } });
    expect(figuresBetween(aReport(1), after).lossOut).toBeCloseTo(0.1);
  });

  it("do not count a report that is the same as before", () => {
    const same = { ra: { timestamp: 1_000, fractionLost: 0.3 }, rv: { timestamp: 1_000, fractionLost: 0.3 } };
    expect(figuresBetween(aReport(1, same), aReport(2, same)).lossOut).toBeNull();
  });

  it("take the loss of what we hear between the reports, not since the call began", () => {
    const before = aReport(1, { ia: { packetsReceived: 10, packetsLost: 40 } });
    const after = aReport(2, { ia: { packetsReceived: 50, packetsLost: 50 } });
    expect(figuresBetween(before, after).lossIn).toBeCloseTo(0.2);
  });

  it("take one packet lost of a silent microphone's few for no bad line", () => {
    const quiet = (second: number, lost: number) =>
      aReport(second, {
        ia: { packetsReceived: 4 * second, packetsLost: lost },
        a: { packetsSent: 5 * second },
        v: { packetsSent: 0 },
        ra: { fractionLost: lost / 5 },
      });
    const { lossIn, lossOut } = figuresBetween(quiet(1, 0), quiet(2, 1));
    expect(lossIn).toBeCloseTo(0.04);
    expect(lossOut).toBeCloseTo(0.04);
  });

  it("leave out concealment that nobody hears", () => {
    const after = aReport(2, { ia: { concealedSamples: 14_400, silentConcealedSamples: 9_600 } });
    expect(figuresBetween(aReport(1), after).concealed).toBeCloseTo(0.1);
  });

  it("are unknown where there is nothing, as before the call stands", () => {
    expect(Object.values(figuresBetween(null, { outbound: [], inbound: [] }))).toEqual(Array.from({ length: 7 }, () => null));
  });

  it("count a stream that has just come from its beginning", () => {
    const alone = { outbound: [], inbound: [] };
    expect(figuresBetween(alone, aReport(1, { ia: { packetsReceived: 40, packetsLost: 10 } })).lossIn).toBeCloseTo(0.2);
  });

  it("never show a loss below nothing, as when late packets make up for the lost", () => {
    const before = aReport(1, { ia: { packetsLost: 5 } });
    expect(figuresBetween(before, aReport(2)).lossIn).toBe(0);
  });
});

describe("a picture that stands still", () => {
  it("is one that decoded nothing between the reports", () => {
    expect(stillTracks(aReport(1), aReport(2))).toEqual([]);
    expect(stillTracks(aReport(2), aReport(3, { iv: { framesDecoded: 48 } }))).toEqual(["ben"]);
  });

  it("is not one that has never been there", () => {
    const none = { iv: { framesDecoded: 0 } };
    expect(stillTracks(aReport(1, none), aReport(2, none))).toEqual([]);
  });
});

it("the call's quality is the mean and the worst of the seconds that were known", () => {
  const quiet = figuresBetween(aReport(1), aReport(2));
  let call = NO_CALL;
  for (const lossIn of [0, 0.3, null]) call = withSecond(call, "fair", { ...quiet, lossIn }, aReport(1), aReport(2, { iv: { freezeCount: 1 } }));
  expect(call).toMatchObject({ seconds: 3, wordSeconds: { good: 0, fair: 3, poor: 0 }, freezeCount: 3, lossIn: { count: 2, mean: 0.15, most: 0.3 }, rttMs: { mean: 80, most: 80 } });
});

describe("a call in which nothing comes any more", () => {
  const heard = (bytesReceived: number) => aReport(1, { pair: { bytesReceived } });

  it("is told from one in which only reports on what we send come", () => {
    expect(hasHeard(heard(500), heard(600))).toBe(true);
    expect(hasHeard(heard(600), heard(600))).toBe(false);
  });
});
