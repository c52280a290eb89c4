/** Reads headers and zips, hashes, takes out identities and codes images, away from the page's own thread. */
import { createSHA256 } from "hash-wasm";

import { caseKey, deidentify, DeidentificationRefused } from "./deidentify";
import { readHeader, type ReadHeader } from "./header";
import type { Answers, Deidentifying, Encoded, Hashed, ReadFile, Source, Task } from "./source";

export interface Question {
  id: number;
  task: Task;
}

/** `refusal`: the file cannot go, with the sentence for its sender. */
export type Reply =
  | { id: number; ok: true; answer: Answers[keyof Answers] }
  | { id: number; ok: false; message: string; refusal: { code: string; en: string; zh: string } | null };

/** Most headers end before; a long private group or an icon makes some longer. */
const HEADER_FIRST_BYTES = 32 << 10;
const HEADER_MOST_BYTES = 1 << 20;
/** Larger files are hashed piece by piece. */
const WHOLE_MOST_BYTES = 16 << 20;
const PIECE_BYTES = 4 << 20;

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** crypto.subtle is fastest, but is there on https and localhost only. */
async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (globalThis.crypto?.subtle !== undefined) {
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  }
  return (await createSHA256()).init().update(bytes).digest("hex");
}

async function bytesOf(source: Source, most_bytes = Infinity): Promise<Uint8Array<ArrayBuffer>> {
  if (source.in === "zip") {
    const { entryBytes } = await import("./zip");
    return entryBytes(source.archive, source.index, most_bytes);
  }
  return new Uint8Array(await source.file.slice(0, Math.min(source.size_bytes, most_bytes)).arrayBuffer());
}

async function headerOf(source: Source): Promise<ReadHeader> {
  const first = readHeader(await bytesOf(source, HEADER_FIRST_BYTES), source.size_bytes);
  if (!first.cut_off) return first;
  return readHeader(await bytesOf(source, HEADER_MOST_BYTES), source.size_bytes);
}

async function read(source: Source): Promise<ReadFile> {
  const key = new TextEncoder().encode(`${source.path}|${source.size_bytes}|${source.modified_ms}`);
  const memory_key = await sha256(key);
  try {
    const { kind, header, pixels } = await headerOf(source);
    return { kind, header, pixels, memory_key };
  } catch {
    // What cannot be read now is found out, and told, when it is hashed.
    return { kind: "unknown", header: null, pixels: null, memory_key };
  }
}

/** A large file is never whole in memory. */
async function digestsOf(body: Blob, chunk_bytes: number): Promise<{ sha256: string; chunks: string[] }> {
  const hasher = (await createSHA256()).init();
  const chunks: string[] = [];
  const piece = chunk_bytes || PIECE_BYTES;
  for (let at = 0; at < body.size; at += piece) {
    const bytes = new Uint8Array(await body.slice(at, at + piece).arrayBuffer());
    hasher.update(bytes);
    if (chunk_bytes > 0) chunks.push(await sha256(bytes));
  }
  return { sha256: hasher.digest("hex"), chunks };
}

async function withoutIdentity(bytes: Uint8Array, { secret }: Deidentifying): Promise<Uint8Array<ArrayBuffer>> {
  const seed = new TextEncoder().encode(secret).slice(0, 32);
  const { bytes: clean } = await deidentify(bytes, await caseKey(seed));
  return clean;
}

async function hash({
  source,
  chunk_from_bytes,
  chunk_bytes,
  deidentify: how,
}: Extract<Task, { task: "hash" }>): Promise<Hashed> {
  const isPlain = source.in === "file" && how === null;
  const isLarge = source.size_bytes > WHOLE_MOST_BYTES;
  if (isPlain && isLarge) {
    const chunked = source.size_bytes > chunk_from_bytes ? chunk_bytes : 0;
    const digests = await digestsOf(source.file, chunked);
    return { ...digests, size_bytes: source.size_bytes, body: null, pixels: null, uids: null };
  }
  const original = await bytesOf(source);
  const bytes = how === null ? original : await withoutIdentity(original, how);
  const body = isPlain ? null : new Blob([bytes]);
  const changed = how === null ? null : readHeader(bytes, bytes.length);
  const header = changed?.header ?? null;
  const chunks = [];
  if (bytes.length > chunk_from_bytes) {
    for (let at = 0; at < bytes.length; at += chunk_bytes) chunks.push(await sha256(bytes.slice(at, at + chunk_bytes)));
  }
  return {
    sha256: await sha256(bytes),
    size_bytes: bytes.length,
    chunks,
    body,
    pixels: changed?.pixels ?? null,
    uids:
      header === null
        ? null
        : { study: header.study_instance_uid, series: header.series_instance_uid, sop: header.sop_instance_uid },
  };
}

async function encode({ body, coding, pixels }: Extract<Task, { task: "encode" }>): Promise<Encoded> {
  const { encoded } = await import("./encoders");
  const bytes = new Uint8Array(await body.arrayBuffer());
  const began = performance.now();
  const coded = await encoded(bytes, coding, pixels);
  return { body: coded.buffer, seconds: (performance.now() - began) / 1_000 };
}

async function answerTo(task: Task): Promise<Answers[keyof Answers]> {
  switch (task.task) {
    case "read":
      return Promise.all(task.sources.map(read));
    case "list":
      return (await import("./zip")).listed(task.archive);
    case "hash":
      return hash(task);
    case "encode":
      return encode(task);
  }
}

self.onmessage = ({ data: { id, task } }: MessageEvent<Question>) => {
  answerTo(task).then(
    (answer) => {
      const transfer = task.task === "encode" ? [(answer as Encoded).body] : [];
      self.postMessage({ id, ok: true, answer } satisfies Reply, { transfer });
    },
    (error: unknown) => {
      const refusal =
        error instanceof DeidentificationRefused ? { code: error.code, en: error.en, zh: error.zh } : null;
      self.postMessage({ id, ok: false, message: String(error), refusal } satisfies Reply);
    },
  );
};
