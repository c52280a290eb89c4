/**
 * Whether and how an image is coded for the way: a model of what each choice costs, from what was measured. Pure.
 *
 * Coding, sending and archiving overlap, so the slowest of the three sets the pace: a byte of a file takes
 * max(ratio / line, 1 / encoding rate, 1 / archiving rate) seconds. Nothing here is lossy.
 */
import type { FileHeader } from "./header";
import type { PixelFrame } from "./pixels";

export type Coding = "identity" | "deflate" | "jls" | "htj2k";

export interface CodingFacts {
  /** Coded size against the file's. */
  ratio: number;
  /** Bytes of files that one worker codes in a second. */
  bytes_per_s: number;
}

export type CodingTable = Readonly<Record<Exclude<Coding, "identity">, CodingFacts>>;

/** Medians of a real chest CT in Chromium (benchmarks/upload_codings.py); what this machine does replaces them. */
export const MEASURED_FIRST: CodingTable = {
  deflate: { ratio: 0.72, bytes_per_s: 12.8e6 },
  jls: { ratio: 0.514, bytes_per_s: 67e6 },
  htj2k: { ratio: 0.546, bytes_per_s: 119e6 },
};
/** What an archive on one disk takes, about: a faster line is not worth coding for. */
const ARCHIVE_BYTES_PER_S = 50e6;
/** A choice must save so much of the time to be worth the work on both ends. */
const WORTH_FROM = 0.15;
const NEW_WEIGHT = 0.2;

/** The codings that an image can take and the server knows, the plain one left out. */
export function codingsFor(
  header: FileHeader | null,
  pixels: PixelFrame | null,
  server: readonly string[],
): Exclude<Coding, "identity">[] {
  if (header === null || header.compressed) return [];
  const able: Exclude<Coding, "identity">[] = pixels === null ? ["deflate"] : ["jls", "htj2k", "deflate"];
  return able.filter((coding) => server.includes(coding));
}

/** Seconds for each byte of a file. */
function cost({ ratio, bytes_per_s }: CodingFacts, line_bytes_per_s: number, workers: number): number {
  return Math.max(ratio / line_bytes_per_s, 1 / (bytes_per_s * workers), 1 / ARCHIVE_BYTES_PER_S);
}

export function chooseCoding(
  able: readonly Exclude<Coding, "identity">[],
  table: CodingTable,
  line_bytes_per_s: number | null,
  workers: number,
): Coding {
  // Nothing is known of the line yet: a slice is coded in milliseconds, and on a thin line it counts from the first.
  const line = line_bytes_per_s ?? 1e6;
  let best: Coding = "identity";
  let bestCost = (1 - WORTH_FROM) * Math.max(1 / line, 1 / ARCHIVE_BYTES_PER_S);
  for (const coding of able) {
    const seconds = cost(table[coding], line, workers);
    if (seconds < bestCost) {
      best = coding;
      bestCost = seconds;
    }
  }
  return best;
}

/** The table after one more image was coded. */
export function afterCoding(
  table: CodingTable,
  coding: Exclude<Coding, "identity">,
  file_bytes: number,
  coded_bytes: number,
  seconds: number,
): CodingTable {
  const mix = (old: number, now: number) => old + NEW_WEIGHT * (now - old);
  const old = table[coding];
  return {
    ...table,
    [coding]: {
      ratio: mix(old.ratio, coded_bytes / file_bytes),
      bytes_per_s: mix(old.bytes_per_s, file_bytes / Math.max(seconds, 1e-4)),
    },
  };
}
