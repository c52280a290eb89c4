/** Where a file's bytes lie, and what is asked of a worker about them. Nothing here reads a byte. */
import type { FileHeader, FileKind } from "./header";
import type { Coding } from "./coding";
import type { PixelFrame } from "./pixels";

/** A file of its own, or the n-th entry of a zip, read from the archive when it is wanted. */
export type Source =
  | { in: "file"; path: string; size_bytes: number; modified_ms: number; file: Blob }
  | { in: "zip"; path: string; size_bytes: number; modified_ms: number; archive: File; index: number };

export interface ReadFile {
  kind: FileKind;
  header: FileHeader | null;
  pixels: PixelFrame | null;
  /** Under which the digest is remembered: a digest of path, size and date, so that no name lies on the disk. */
  memory_key: string;
}

/** What stands in a zip, or why it cannot be read here. */
export interface Listing {
  entries: { path: string; size_bytes: number; index: number; fault: "too-large" | "encrypted" | null }[];
  /** The server must unpack it: not one this page can read. */
  unreadable: boolean;
  too_many: boolean;
}

export interface Hashed {
  sha256: string;
  size_bytes: number;
  /** Of a large file's parts. */
  chunks: string[];
  /** What is sent instead of the file on the disk: unpacked, or without the patient's identity. */
  body: Blob | null;
  /** Of `body`, where that is not the file as it was read. */
  pixels: PixelFrame | null;
  uids: { study: string; series: string; sop: string } | null;
}

export interface Encoded {
  body: ArrayBuffer;
  seconds: number;
}

export interface Deidentifying {
  /** Keeps the new UIDs of one drop consistent, and unlike those of another. */
  secret: string;
}

export type Task =
  | { task: "read"; sources: Source[] }
  | { task: "list"; archive: File }
  | {
      task: "hash";
      source: Source;
      chunk_from_bytes: number;
      chunk_bytes: number;
      deidentify: Deidentifying | null;
    }
  | { task: "encode"; body: Blob; coding: Coding; pixels: PixelFrame | null };

export interface Answers {
  read: ReadFile[];
  list: Listing;
  hash: Hashed;
  encode: Encoded;
}
