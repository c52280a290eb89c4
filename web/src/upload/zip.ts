/** Reads a zip from its Blob, entry by entry, when an entry is wanted: a zip of 2 GB costs no more memory than a small one. */
import { BlobReader, configure, ZipReader, type Entry, type FileEntry } from "@zip.js/zip.js";

import type { Listing } from "./source";

// This runs in a worker of ours; zip.js must not start its own.
configure({ useWebWorkers: false });

/** As the server's own limits. */
const ENTRIES_MOST = 10_000;
const ENTRY_BYTES_MOST = 2 ** 31;
/** A file that grows more than this when unpacked is a bomb, unless it is small. */
const EXPANSION_MOST = 300;
const HARMLESS_BYTES = 64 << 20;

class Enough extends Error {}

/** Names are UTF-8 where the zip says so; elsewhere what Chinese Windows writes. */
function decodedName(bytes: Uint8Array, encoding: string): string {
  if (encoding === "utf-8") return new TextDecoder().decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** A name is shown and nothing else; it cannot lead out of the archive. */
const harmlessPath = (name: string) =>
  name
    .replaceAll("\\", "/")
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..")
    .join("/") || "file";
/** What ends in a slash is a folder, and stays one. */
const normalized = (name: string) => harmlessPath(name) + (/[\\/]$/.test(name) ? "/" : "");

const isFile = (entry: Entry): entry is FileEntry => !entry.directory;
const opened = new Map<string, Promise<FileEntry[]>>();

function entriesOf(archive: File): Promise<FileEntry[]> {
  const key = `${archive.name}|${archive.size}|${archive.lastModified}`;
  let entries = opened.get(key);
  if (entries === undefined) {
    const reader = new ZipReader(new BlobReader(archive), {
      normalizeFilename: normalized,
      decodeText: (value: Uint8Array, encoding: string) => decodedName(value, encoding),
    });
    entries = reader.getEntries().then((all) => all.filter(isFile));
    opened.set(key, entries);
  }
  return entries;
}

function faultOf(entry: FileEntry): "too-large" | "encrypted" | null {
  if (entry.encrypted) return "encrypted";
  const grows = entry.uncompressedSize / Math.max(1, entry.compressedSize) > EXPANSION_MOST;
  const isBomb = grows && entry.uncompressedSize > HARMLESS_BYTES;
  return isBomb || entry.uncompressedSize > ENTRY_BYTES_MOST ? "too-large" : null;
}

export async function listed(archive: File): Promise<Listing> {
  try {
    const entries = await entriesOf(archive);
    const listing = entries.slice(0, ENTRIES_MOST).map((entry, index) => ({
      path: harmlessPath(entry.filename),
      size_bytes: entry.uncompressedSize,
      index,
      fault: faultOf(entry),
    }));
    // All of it is locked: the server has the sentence for that, and sees a zip that only calls itself one.
    const unreadable = listing.length > 0 && listing.every(({ fault }) => fault === "encrypted");
    return { entries: unreadable ? [] : listing, unreadable, too_many: entries.length > ENTRIES_MOST };
  } catch {
    return { entries: [], unreadable: true, too_many: false };
  }
}

/**
 * The bytes of one entry, or its first `most_bytes`.
 *
 * Throws where the entry is damaged, cannot be unpacked here, or is larger than it claims.
 */
export async function entryBytes(archive: File, index: number, most_bytes = Infinity): Promise<Uint8Array<ArrayBuffer>> {
  const entry = (await entriesOf(archive))[index];
  if (entry === undefined) throw new Error("no such entry");
  const bytes = new Uint8Array(Math.min(entry.uncompressedSize, most_bytes));
  let at = 0;
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      const room = bytes.length - at;
      bytes.set(chunk.subarray(0, room), at);
      at += Math.min(room, chunk.length);
      if (chunk.length > room) throw new Enough();
    },
  });
  try {
    await entry.getData(sink, { checkSignature: most_bytes === Infinity });
  } catch (error) {
    const isWanted = most_bytes !== Infinity && at === bytes.length;
    if (!isWanted) throw error;
  }
  if (at !== bytes.length) throw new Error("cut off");
  return bytes;
}
