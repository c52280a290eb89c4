/** What is known of the files of an upload beside their place in the queue: where their bytes are, and what they are sent as. */
import type { SentUids } from "./manifest";
import { recall, type Remembered } from "./memory";
import type { PixelFrame } from "./pixels";
import type { QueuedFile } from "./queue";
import type { Sendable } from "./sender";
import type { Source } from "./source";
import type { Started } from "./transport";
import { ask } from "./workers";

export interface Known {
  source: Source;
  memory_key: string;
  pixels: PixelFrame | null;
  /** What is sent instead of the file on the disk; let go of once it is answered. */
  body: Blob | null;
  chunks: readonly string[];
  uids: SentUids | null;
  /** Coded once, it did not arrive as it was. */
  plain_only: boolean;
}

const NOTHING = { memory_key: "", pixels: null, body: null, chunks: [], uids: null, plain_only: false };

export class KnownFiles {
  private known: Known[] = [];

  add(sources: readonly Source[]): void {
    for (const source of sources) this.known.push({ source, ...NOTHING });
  }

  get(id: number): Known | undefined {
    return this.known[id];
  }

  note(id: number, what: Partial<Known>): void {
    const known = this.known[id];
    if (known !== undefined) this.known[id] = { ...known, ...what };
  }

  /** Digests that this browser knows from another time, by id. */
  async recalled(files: readonly QueuedFile[]): Promise<{ id: number; sha256: string }[]> {
    const digests = await recall(files.map(({ id }) => this.known[id]?.memory_key ?? ""));
    return files.flatMap(({ id }, index) => {
      const digest: Remembered | undefined = digests[index];
      if (digest === undefined) return [];
      this.note(id, { chunks: digest.chunks });
      return [{ id, sha256: digest.sha256 }];
    });
  }

  sendable({ id, path, header, sha256 }: QueuedFile): Sendable {
    const known = this.known[id];
    const body = known?.body ?? (known?.source.in === "file" ? known.source.file : new Blob([]));
    const { pixels = null, plain_only = false } = known ?? {};
    return { id, path, header, body, sha256: sha256 ?? "", pixels, plain_only };
  }

  /** A zip's entry whose digest was only remembered must be unpacked before it can go. */
  async unpacked(file: QueuedFile, { chunk_from_bytes, chunk_bytes }: Started): Promise<Sendable> {
    const known = this.known[file.id];
    if (known?.source.in === "zip" && known.body === null) {
      const { body } = await ask({ task: "hash", source: known.source, chunk_from_bytes, chunk_bytes, deidentify: null });
      this.note(file.id, { body });
    }
    return this.sendable(file);
  }
}
