/** The upload queue as values: what each file has come to, and how events move it. Pure. */
import type { FileResult } from "../api/types";
import type { FileHeader, FileKind } from "./header";

export type FileState =
  | { at: "reading" }
  /** Known what it is; its digest is not. */
  | { at: "waiting" }
  | { at: "hashing" }
  /** The server is to be asked whether it has it. */
  | { at: "hashed" }
  | { at: "asking" }
  /** The server has it not. */
  | { at: "missing" }
  | { at: "sending"; sent_bytes: number }
  | { at: "answered"; results: readonly FileResult[] }
  /** The server failed at it several times; the others go on. */
  | { at: "failed" };

export interface QueuedFile {
  id: number;
  path: string;
  size_bytes: number;
  kind: FileKind;
  header: FileHeader | null;
  sha256: string | null;
  state: FileState;
  attempts: number;
}

export interface Queue {
  files: readonly QueuedFile[];
  /** Series that the sender does not want to send. */
  left_out: ReadonlySet<string>;
}

export const EMPTY_QUEUE: Queue = { files: [], left_out: new Set() };
/** So often the server may fail at one file before it is set aside. A lost network does not count. */
export const ATTEMPTS_MOST = 5;

export type QueueEvent =
  | { type: "dropped"; files: readonly { path: string; size_bytes: number }[] }
  | { type: "read"; files: readonly { id: number; kind: FileKind; header: FileHeader | null }[] }
  | { type: "hashing"; ids: readonly number[] }
  /** `size_bytes` where what is sent is not the file on the disk. */
  | { type: "hashed"; files: readonly { id: number; sha256: string; size_bytes?: number }[] }
  | { type: "asking"; ids: readonly number[] }
  | { type: "missing"; ids: readonly number[] }
  | { type: "sending"; ids: readonly number[]; sent_fraction: number }
  | { type: "answered"; files: readonly { id: number; results: readonly FileResult[] }[] }
  /** No answer came: whether the server has it is asked again. */
  | { type: "lost"; ids: readonly number[]; counts: boolean }
  /** The bytes are not those that the digest was of: it is made anew. */
  | { type: "stale"; ids: readonly number[] }
  | { type: "left-out"; series: ReadonlySet<string> }
  | { type: "retry" };

/** What may follow what; an event that finds a file in another state is stale and changes nothing. */
const FOLLOWS: Readonly<Record<FileState["at"], ReadonlySet<QueueEvent["type"]>>> = {
  reading: new Set(["read", "answered"]),
  waiting: new Set(["hashing", "hashed", "sending", "answered"]),
  hashing: new Set(["hashed", "answered", "lost"]),
  hashed: new Set(["asking", "answered"]),
  asking: new Set(["missing", "answered", "lost"]),
  missing: new Set(["sending", "answered"]),
  sending: new Set(["sending", "answered", "lost", "stale", "missing"]),
  answered: new Set(),
  failed: new Set(["retry"]),
};

/** A file without a digest starts again from its bytes, one with a digest from the question. */
const again = (file: QueuedFile): FileState => ({ at: file.sha256 === null ? "waiting" : "hashed" });

function moved(file: QueuedFile, type: QueueEvent["type"], change: (file: QueuedFile) => Partial<QueuedFile>): QueuedFile {
  return FOLLOWS[file.state.at].has(type) ? { ...file, ...change(file) } : file;
}

function withMoved<T extends { id: number }>(
  queue: Queue,
  type: QueueEvent["type"],
  items: readonly T[],
  change: (file: QueuedFile, item: T) => Partial<QueuedFile>,
): Queue {
  if (items.length === 0) return queue;
  const files = [...queue.files];
  for (const item of items) {
    const file = files[item.id];
    if (file !== undefined) files[item.id] = moved(file, type, (current) => change(current, item));
  }
  return { ...queue, files };
}

const byId = (ids: readonly number[]) => ids.map((id) => ({ id }));

export function reduceQueue(queue: Queue, event: QueueEvent): Queue {
  switch (event.type) {
    case "dropped": {
      const added = event.files.map(
        (file, index): QueuedFile => ({
          ...file,
          id: queue.files.length + index,
          kind: "unknown",
          header: null,
          sha256: null,
          state: { at: "reading" },
          attempts: 0,
        }),
      );
      return { ...queue, files: [...queue.files, ...added] };
    }
    case "read":
      return withMoved(queue, event.type, event.files, (_file, { kind, header }) => ({
        kind,
        header,
        state: { at: "waiting" },
      }));
    case "hashing":
      return withMoved(queue, event.type, byId(event.ids), () => ({ state: { at: "hashing" } }));
    case "hashed":
      return withMoved(queue, event.type, event.files, (file, { sha256, size_bytes }) => ({
        sha256,
        size_bytes: size_bytes ?? file.size_bytes,
        state: { at: "hashed" },
      }));
    case "asking":
      return withMoved(queue, event.type, byId(event.ids), () => ({ state: { at: "asking" } }));
    case "missing":
      return withMoved(queue, event.type, byId(event.ids), () => ({ state: { at: "missing" } }));
    case "sending":
      return withMoved(queue, event.type, byId(event.ids), ({ size_bytes }) => ({
        state: { at: "sending", sent_bytes: Math.round(size_bytes * event.sent_fraction) },
      }));
    case "answered":
      return withMoved(queue, event.type, event.files, (_file, { results }) => ({ state: { at: "answered", results } }));
    case "lost":
      return withMoved(queue, event.type, byId(event.ids), (file) => {
        const attempts = file.attempts + (event.counts ? 1 : 0);
        return { attempts, state: attempts < ATTEMPTS_MOST ? again(file) : { at: "failed" } };
      });
    case "stale":
      return withMoved(queue, event.type, byId(event.ids), (file) => {
        const attempts = file.attempts + 1;
        return { attempts, sha256: null, state: { at: attempts < ATTEMPTS_MOST ? "waiting" : "failed" } };
      });
    case "left-out":
      return { ...queue, left_out: event.series };
    case "retry": {
      const failed = queue.files.filter((file) => file.state.at === "failed");
      return withMoved(queue, event.type, failed, (file) => ({ attempts: 0, state: again(file) }));
    }
  }
}

/** Whether a file is kept back by choice; what was sent already stays sent. */
export const isLeftOut = (queue: Queue, file: QueuedFile): boolean =>
  file.header !== null &&
  file.state.at !== "answered" &&
  file.state.at !== "sending" &&
  queue.left_out.has(file.header.series_instance_uid);

/** Nothing is left to read, to send or to wait for. */
export const isSettled = (queue: Queue): boolean =>
  queue.files.every((file) => file.state.at === "answered" || isLeftOut(queue, file));
