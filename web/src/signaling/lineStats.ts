/** What the browser's statistics say of a call: the figures of each second, and of the call as a whole. Pure. */
import type { LineFigures, Word } from "./linePolicy";

/** One entry of an RTCStatsReport, with those of its members that are read. Source: W3C webrtc-stats. */
export interface StatsEntry {
  id: string;
  type: string;
  timestamp: number;
  kind?: string;
  /** A candidate pair; `bytesReceived` too. */
  nominated?: boolean;
  currentRoundTripTime?: number;
  availableOutgoingBitrate?: number;
  /** Streams. */
  localId?: string;
  packetsSent?: number;
  bytesSent?: number;
  headerBytesSent?: number;
  fractionLost?: number;
  roundTripTime?: number;
  packetsReceived?: number;
  packetsLost?: number;
  bytesReceived?: number;
  jitter?: number;
  trackIdentifier?: string;
  framesDecoded?: number;
  freezeCount?: number;
  concealedSamples?: number;
  silentConcealedSamples?: number;
  totalSamplesReceived?: number;
}

/** Both connections at one moment. */
export interface LineReport {
  outbound: readonly StatsEntry[];
  inbound: readonly StatsEntry[];
}

/** Half a second of speech. A microphone in silence sends a few packets: one that is lost of those is no bad line. */
const ENOUGH_PACKETS = 25;
const EMPTY: LineReport = { outbound: [], inbound: [] };

/** What happened between two reports of the same connections; `before` null: since they began. */
export function figuresBetween(before: LineReport | null, after: LineReport): LineFigures {
  const { outbound, inbound } = before ?? EMPTY;
  const pair = after.outbound.find(({ type, nominated }) => type === "candidate-pair" && nominated === true);
  const inPair = after.inbound.find(({ type, nominated }) => type === "candidate-pair" && nominated === true);
  const heard = of(after.inbound, "inbound-rtp", "audio");
  const received = grown(inbound, heard, ({ packetsReceived }) => packetsReceived);
  const lost = Math.max(0, grown(inbound, heard, ({ packetsLost }) => packetsLost));
  const samples = grown(inbound, heard, ({ totalSamplesReceived }) => totalSamplesReceived);
  const audible = ({ concealedSamples = 0, silentConcealedSamples = 0 }: StatsEntry) => concealedSamples - silentConcealedSamples;
  const concealed = Math.max(0, grown(inbound, heard, audible));
  const jitters = heard.flatMap(({ jitter }) => (jitter === undefined ? [] : [jitter * 1_000]));
  const sent = of(after.outbound, "outbound-rtp");
  const bytes = grown(outbound, sent, ({ bytesSent = 0, headerBytesSent = 0 }) => bytesSent + headerBytesSent);
  const seconds = secondsBetween(outbound, sent);
  const rtt = pair?.currentRoundTripTime ?? inPair?.currentRoundTripTime ?? null;
  return {
    rttMs: rtt === null ? null : rtt * 1_000,
    lossOut: reportedLoss(outbound, after.outbound),
    lossIn: received + lost === 0 ? null : lost / Math.max(received + lost, ENOUGH_PACKETS),
    jitterMs: jitters.length === 0 ? null : Math.max(...jitters),
    concealed: samples === 0 ? null : concealed / samples,
    availableBps: pair?.availableOutgoingBitrate ?? null,
    sentBps: seconds === null ? null : (8 * bytes) / seconds,
  };
}

/** Whether anything came by either connection between the reports: media, or reports on ours. */
export function hasHeard(before: LineReport, after: LineReport): boolean {
  return (["outbound", "inbound"] as const).some(
    (way) => grown(before[way], of(after[way], "candidate-pair"), ({ bytesReceived }) => bytesReceived) > 0,
  );
}

/** Of the packets that the other end has told of since, weighed by how many each stream sent. */
function reportedLoss(before: readonly StatsEntry[], after: readonly StatsEntry[]): number | null {
  const old = byId(before);
  let lost = 0;
  let packets = 0;
  for (const { id, timestamp, localId, fractionLost } of of(after, "remote-inbound-rtp")) {
    // The same report again is no news.
    if (fractionLost === undefined || old.get(id)?.timestamp === timestamp) continue;
    const stream = after.find((entry) => entry.id === localId);
    if (stream === undefined) continue;
    const sent = grown(before, [stream], ({ packetsSent }) => packetsSent);
    lost += fractionLost * sent;
    packets += sent;
  }
  return packets === 0 ? null : lost / Math.max(packets, ENOUGH_PACKETS);
}

/** Tracks whose picture stood still between the reports, although they are there. */
export function stillTracks(before: LineReport, after: LineReport): string[] {
  const old = byId(before.inbound);
  return of(after.inbound, "inbound-rtp", "video").flatMap(({ id, trackIdentifier, framesDecoded }) => {
    const was = old.get(id)?.framesDecoded;
    return trackIdentifier !== undefined && was !== undefined && was > 0 && was === framesDecoded ? [trackIdentifier] : [];
  });
}

/** The call as it went so far, to be kept with the consult. */
export interface CallQuality {
  seconds: number;
  /** How long the line was what. */
  wordSeconds: Readonly<Record<Word, number>>;
  rttMs: Spread;
  lossOut: Spread;
  lossIn: Spread;
  jitterMs: Spread;
  sentBps: Spread;
  /** Of what others sent. */
  freezeCount: number;
  concealedSamples: number;
}

/** Of the seconds in which it was known. */
export interface Spread {
  count: number;
  mean: number;
  most: number;
}

const NONE: Spread = { count: 0, mean: 0, most: 0 };
export const NO_CALL: CallQuality = {
  seconds: 0,
  wordSeconds: { good: 0, fair: 0, poor: 0 },
  rttMs: NONE,
  lossOut: NONE,
  lossIn: NONE,
  jitterMs: NONE,
  sentBps: NONE,
  freezeCount: 0,
  concealedSamples: 0,
};

/** The call with one second more, of which the line was `word`. */
export function withSecond(
  call: CallQuality,
  word: Word,
  figures: LineFigures,
  before: LineReport | null,
  after: LineReport,
): CallQuality {
  const old = before?.inbound ?? [];
  const streams = of(after.inbound, "inbound-rtp");
  const audible = ({ concealedSamples = 0, silentConcealedSamples = 0 }: StatsEntry) => concealedSamples - silentConcealedSamples;
  return {
    seconds: call.seconds + 1,
    wordSeconds: { ...call.wordSeconds, [word]: call.wordSeconds[word] + 1 },
    rttMs: widened(call.rttMs, figures.rttMs),
    lossOut: widened(call.lossOut, figures.lossOut),
    lossIn: widened(call.lossIn, figures.lossIn),
    jitterMs: widened(call.jitterMs, figures.jitterMs),
    sentBps: widened(call.sentBps, figures.sentBps),
    freezeCount: call.freezeCount + Math.max(0, grown(old, streams, ({ freezeCount }) => freezeCount)),
    concealedSamples: call.concealedSamples + Math.max(0, grown(old, streams, audible)),
  };
}

function widened({ count, mean, most }: Spread, value: number | null): Spread {
  if (value === null) return { count, mean, most };
  return { count: count + 1, mean: mean + (value - mean) / (count + 1), most: count === 0 ? value : Math.max(most, value) };
}

const of = (entries: readonly StatsEntry[], type: string, kind?: string) =>
  entries.filter((entry) => entry.type === type && (kind === undefined || entry.kind === kind));

const byId = (entries: readonly StatsEntry[]) => new Map(entries.map((entry) => [entry.id, entry]));

/** How much a counter of these entries grew; one that was not there before began at nothing. */
function grown(before: readonly StatsEntry[], entries: readonly StatsEntry[], count: (entry: StatsEntry) => number | undefined): number {
  const old = byId(before);
  return entries.reduce((sum, entry) => {
    const was = old.get(entry.id);
    return sum + (count(entry) ?? 0) - (was === undefined ? 0 : (count(was) ?? 0));
  }, 0);
}

function secondsBetween(before: readonly StatsEntry[], entries: readonly StatsEntry[]): number | null {
  const old = byId(before);
  const gaps = entries.flatMap(({ id, timestamp }) => {
    const was = old.get(id);
    return was === undefined || timestamp <= was.timestamp ? [] : [(timestamp - was.timestamp) / 1_000];
  });
  return gaps.length === 0 ? null : Math.max(...gaps);
}
