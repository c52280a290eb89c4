/** From what was dropped to what can be sent: headers read, zips opened, foreign files set aside. */
import type { FileResult } from "../api/types";
import type { FileHeader, FileKind } from "./header";
import type { PixelFrame } from "./pixels";
import * as refusals from "./refusals";
import type { Source } from "./source";
import { ask, WORKERS } from "./workers";

export interface Read {
  id: number;
  kind: FileKind;
  header: FileHeader | null;
  pixels: PixelFrame | null;
  memory_key: string;
  /** Already decided: not sent, or (empty) replaced by what it holds. */
  results: readonly FileResult[] | null;
}

const FILES_A_TASK = 16;

/**
 * Read headers of `sources`, whose ids begin at `first`; `tell` hears of each group as it is read.
 * `unpacked` is given what a zip holds and returns the first id of it.
 */
export async function readAll(
  first: number,
  sources: readonly Source[],
  tell: (read: readonly Read[]) => void,
  unpacked: (entries: Source[]) => number,
): Promise<void> {
  let next = 0;
  const reader = async () => {
    for (let start = next; start < sources.length; start = next) {
      next += FILES_A_TASK;
      const some = sources.slice(start, start + FILES_A_TASK);
      const answers = await ask({ task: "read", sources: some });
      const read: Read[] = [];
      for (const [index, answer] of answers.entries()) {
        const source = some[index];
        if (source === undefined) continue;
        const one: Read = { id: first + start + index, ...answer, results: null };
        if (answer.kind === "foreign") one.results = [refusals.foreign(source.path, source.size_bytes)];
        else if (answer.kind === "archive" && source.in === "zip") one.results = [refusals.zipInZip(source.path)];
        else if (answer.kind === "archive" && source.in === "file") one.results = await unpack(source, tell, unpacked);
        read.push(one);
      }
      tell(read);
    }
  };
  // Two for each worker, so that none waits for the next question.
  await Promise.all(Array.from({ length: WORKERS * 2 }, reader));
}

/** The entries of a zip take its place. Null: it is for the server to unpack. */
async function unpack(
  source: Extract<Source, { in: "file" }>,
  tell: (read: readonly Read[]) => void,
  unpacked: (entries: Source[]) => number,
): Promise<FileResult[] | null> {
  const archive = source.file as File;
  const listing = await ask({ task: "list", archive });
  if (listing.unreadable || listing.entries.length === 0) return null;
  const entries = listing.entries
    .filter(({ fault }) => fault === null)
    .map(
      ({ path, size_bytes, index }): Source => ({
        in: "zip",
        path: `${source.path}/${path}`,
        size_bytes,
        modified_ms: source.modified_ms,
        archive,
        index,
      }),
    );
  if (entries.length > 0) await readAll(unpacked(entries), entries, tell, unpacked);
  const faults = listing.entries.flatMap(({ path, fault }) =>
    fault === null ? [] : [refusals.ofEntry(`${source.path}/${path}`, fault)],
  );
  return listing.too_many ? [...faults, refusals.tooManyEntries(source.path)] : faults;
}
