/** Sends files that the server lacks: codes them where it pays, several in one request, large ones in parts. */
import { ApiError } from "../api/client";
import type { FileResult } from "../api/types";
import { afterCoding, chooseCoding, codingsFor, MEASURED_FIRST, type Coding } from "./coding";
import { batchBody, type Outgoing } from "./frames";
import type { FileHeader } from "./header";
import { afterProbe, afterRequest, lineRate, UNKNOWN_LINE, type Sample } from "./line";
import { afterAnswer, afterLoss, batchBytes, BATCH_FILES_MOST, FIRST_PACE } from "./pace";
import type { PixelFrame } from "./pixels";
import { assemble, sendBatch, sendChunk, sendWhole, type Sending, type Started } from "./transport";
import { ask, WORKERS } from "./workers";

/** A file that is ready to be sent. */
export interface Sendable {
  id: number;
  path: string;
  sha256: string;
  body: Blob;
  header: FileHeader | null;
  pixels: PixelFrame | null;
  /** Coded once, it did not arrive as it was. */
  plain_only: boolean;
}

export interface Sent {
  results: { id: number; result: FileResult }[];
  /** Did not arrive as they were named; `coded` ones are worth sending plain. */
  mismatched: { id: number; coded: boolean }[];
}

export class Sender {
  pace = FIRST_PACE;
  line = UNKNOWN_LINE;
  private table = MEASURED_FIRST;
  private small: Sample | null = null;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** What the next image would be coded in. */
  codingOf(file: Pick<Sendable, "header" | "pixels" | "plain_only">, started: Started): Coding {
    if (file.plain_only) return "identity";
    return chooseCoding(codingsFor(file.header, file.pixels, started.codings), this.table, lineRate(this.line), WORKERS);
  }

  /** How many of the first `sizes` files go into the next request. */
  filesInBatch(sizes: readonly number[], ratio: number, inCall: boolean): number {
    const most = batchBytes(this.pace, lineRate(this.line), inCall);
    let bytes = 0;
    let count = 0;
    for (const size of sizes.slice(0, BATCH_FILES_MOST)) {
      bytes += size * ratio;
      if (count > 0 && bytes > most) break;
      count += 1;
    }
    return count;
  }

  ratioOf(coding: Coding): number {
    return coding === "identity" ? 1 : this.table[coding].ratio;
  }

  lost(): void {
    this.pace = afterLoss(this.pace);
    this.small = null;
  }

  private async outgoing(file: Sendable, coding: Coding): Promise<Outgoing> {
    const plain: Outgoing = { path: file.path, sha256: file.sha256, coding: "identity", body: file.body };
    if (coding === "identity") return plain;
    try {
      const { body, seconds } = await ask({ task: "encode", body: file.body, coding, pixels: file.pixels });
      this.table = afterCoding(this.table, coding, file.body.size, body.byteLength, seconds);
      if (body.byteLength >= file.body.size) return plain;
      return { ...plain, coding, body: new Blob([body]) };
    } catch {
      // A coder that fails costs nothing but the saving.
      return plain;
    }
  }

  /** `probing`: "small" is coded and measured, "large" goes plain, and the difference of the two tells the line. */
  async send(
    started: Started,
    files: readonly Sendable[],
    parallel: number,
    probing: "small" | "large" | null,
    sending: Sending,
  ): Promise<Sent> {
    const outgoing = await Promise.all(
      files.map((file) => this.outgoing(file, probing === "large" ? "identity" : this.codingOf(file, started))),
    );
    const body = batchBody(outgoing);
    const began = this.now();
    const { files: results, mismatched } = await sendBatch(started.upload_id, body, sending);
    const at_ms = this.now();
    const sample = { bytes: body.size, seconds: (at_ms - began) / 1_000, parallel, at_ms };
    this.measure(sample, probing);
    this.pace = afterAnswer(this.pace, files.reduce((sum, file) => sum + file.body.size, 0), at_ms);

    const wrong = new Set(mismatched);
    const arrived = files.filter((file) => !wrong.has(file.sha256));
    return {
      results: arrived.flatMap(({ id }, index) => {
        const result = results[index];
        return result === undefined ? [] : [{ id, result }];
      }),
      mismatched: files.flatMap((file, index) =>
        wrong.has(file.sha256) ? [{ id: file.id, coded: outgoing[index]?.coding !== "identity" }] : [],
      ),
    };
  }

  private measure(sample: Sample, probing: "small" | "large" | null): void {
    if (probing === "small") this.small = sample;
    else if (probing === "large" && this.small !== null) {
      this.line = afterProbe(this.line, this.small, sample);
      this.small = null;
    } else this.line = afterRequest(this.line, sample);
  }

  /** A large file: the parts that the server lacks, then the order to put them together. */
  async sendLarge(
    started: Started,
    file: Sendable,
    chunks: readonly string[],
    missing: ReadonlySet<string>,
    sending: Sending,
  ): Promise<FileResult> {
    const parts = chunks.map((sha256, index) => ({ sha256, start: index * started.chunk_bytes }));
    const send = async (wanted: ReadonlySet<string>) => {
      for (const { sha256, start } of parts) {
        if (!wanted.has(sha256)) continue;
        const part = file.body.slice(start, start + started.chunk_bytes);
        const onProgress = (fraction: number) =>
          sending.onProgress((start + fraction * part.size) / Math.max(1, file.body.size));
        await sendChunk(sha256, part, { ...sending, onProgress });
      }
    };
    const order = { path: file.path, size_bytes: file.body.size, chunks: [...chunks] };
    await send(missing);
    try {
      return await assemble(started.upload_id, file.sha256, order);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "chunks-missing") throw error;
      // Parts are kept for a week only, and not for ever known: all of them, once more.
      await send(new Set(chunks));
      return assemble(started.upload_id, file.sha256, order);
    }
  }

  async sendArchive(started: Started, path: string, body: Blob, sending: Sending): Promise<FileResult[]> {
    return (await sendWhole(started.upload_id, path, body, sending)).files;
  }
}
