/** The upload queue as values: what each file has come to, and how events move it. Pure. */
import type { FileResult, Sentence } from "../api/types";

/** What a file's header said about where it belongs. */
export interface FileHeader {
  patient_id: string;
  patient_name: string;
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  study_description: string | null;
  study_date: string | null;
  modality: string | null;
}

export type FileKind = "instance" | "archive" | "unknown";

export type FileState =
  | { at: "reading" }
  | { at: "waiting" }
  | { at: "sending"; sent_bytes: number }
  /** Everything is sent; the server is unpacking or checking. */
  | { at: "checking" }
  | { at: "answered"; results: readonly FileResult[] }
  /** No answer came; it is worth sending again. */
  | { at: "failed"; attempts: number };

export interface QueuedFile {
  id: number;
  path: string;
  size_bytes: number;
  kind: FileKind;
  header: FileHeader | null;
  state: FileState;
  attempts: number;
}

export interface Queue {
  files: readonly QueuedFile[];
}

export const EMPTY_QUEUE: Queue = { files: [] };
export const ATTEMPTS_MOST = 5;

export type QueueEvent =
  | { type: "dropped"; files: readonly { path: string; size_bytes: number }[] }
  | { type: "read"; id: number; kind: FileKind; header: FileHeader | null }
  | { type: "sending"; id: number; sent_bytes: number }
  | { type: "sent"; id: number }
  | { type: "answered"; id: number; results: readonly FileResult[] }
  | { type: "lost"; id: number }
  | { type: "retry" }
  | { type: "cleared" };

/** What may follow what; an event that finds a file in another state is stale and changes nothing. */
const FOLLOWS: Readonly<Record<FileState["at"], ReadonlySet<QueueEvent["type"]>>> = {
  reading: new Set(["read"]),
  waiting: new Set(["sending", "sent", "answered", "lost"]),
  sending: new Set(["sending", "sent", "answered", "lost"]),
  checking: new Set(["answered", "lost"]),
  answered: new Set(),
  failed: new Set(["retry"]),
};

function moved(file: QueuedFile, event: QueueEvent): QueuedFile {
  if (!FOLLOWS[file.state.at].has(event.type)) return file;
  switch (event.type) {
    case "read":
      return { ...file, kind: event.kind, header: event.header, state: { at: "waiting" } };
    case "sending":
      return { ...file, state: { at: "sending", sent_bytes: event.sent_bytes } };
    case "sent":
      return { ...file, state: { at: "checking" } };
    case "answered":
      return { ...file, state: { at: "answered", results: event.results } };
    case "lost": {
      const attempts = file.attempts + 1;
      const state: FileState = attempts < ATTEMPTS_MOST ? { at: "waiting" } : { at: "failed", attempts };
      return { ...file, attempts, state };
    }
    case "retry":
      return { ...file, attempts: 0, state: { at: "waiting" } };
    default:
      return file;
  }
}

export function reduceQueue(queue: Queue, event: QueueEvent): Queue {
  if (event.type === "cleared") return EMPTY_QUEUE;
  if (event.type === "dropped") {
    const added = event.files.map(
      (file, index): QueuedFile => ({
        ...file,
        id: queue.files.length + index,
        kind: "unknown",
        header: null,
        state: { at: "reading" },
        attempts: 0,
      }),
    );
    return { files: [...queue.files, ...added] };
  }
  if (event.type === "retry") return { files: queue.files.map((file) => moved(file, event)) };
  const file = queue.files[event.id];
  if (file === undefined) return queue;
  const next = moved(file, event);
  return next === file ? queue : { files: queue.files.with(event.id, next) };
}

export interface StudyProgress {
  study_instance_uid: string;
  patient_name: string;
  patient_id: string;
  study_description: string | null;
  study_date: string | null;
  modality: string | null;
  /** Images of this study that the drop holds, as far as read. */
  image_count: number;
  stored_count: number;
  already_present_count: number;
  refused_count: number;
  failed_count: number;
  size_bytes: number;
  sent_bytes: number;
}

export interface Refusal {
  reason: Sentence | null;
  paths: readonly string[];
}

export interface QueueSummary {
  studies: readonly StudyProgress[];
  archives: readonly QueuedFile[];
  refusals: readonly Refusal[];
  total_bytes: number;
  sent_bytes: number;
  file_count: number;
  answered_count: number;
  failed_count: number;
  /** Nothing is being read, sent or checked any more. */
  settled: boolean;
}

function sentBytes(file: QueuedFile): number {
  switch (file.state.at) {
    case "sending":
      return Math.min(file.state.sent_bytes, file.size_bytes);
    case "checking":
    case "answered":
      return file.size_bytes;
    default:
      return 0;
  }
}

const UNKNOWN_STUDY = {
  patient_name: "",
  patient_id: "",
  study_description: null,
  study_date: null,
  modality: null,
  image_count: 0,
  stored_count: 0,
  already_present_count: 0,
  refused_count: 0,
  failed_count: 0,
  size_bytes: 0,
  sent_bytes: 0,
};

/** What the page shows: by study, by archive, and what was refused by its reason. */
export function summarise(queue: Queue): QueueSummary {
  const studies = new Map<string, StudyProgress>();
  const refusals = new Map<string, { reason: Sentence | null; paths: string[] }>();
  const summary = { total_bytes: 0, sent_bytes: 0, answered_count: 0, failed_count: 0, settled: true };

  const studyOf = (uid: string): StudyProgress => {
    const study = studies.get(uid) ?? { ...UNKNOWN_STUDY, study_instance_uid: uid };
    studies.set(uid, study);
    return study;
  };

  for (const file of queue.files) {
    summary.total_bytes += file.size_bytes;
    summary.sent_bytes += sentBytes(file);
    if (file.state.at === "answered") summary.answered_count += 1;
    else if (file.state.at === "failed") summary.failed_count += 1;
    else summary.settled = false;

    const header = file.header;
    if (header !== null) {
      const study = studyOf(header.study_instance_uid);
      study.patient_name ||= header.patient_name;
      study.patient_id ||= header.patient_id;
      study.study_description ??= header.study_description;
      study.study_date ??= header.study_date;
      study.modality ??= header.modality;
      study.image_count += 1;
      study.size_bytes += file.size_bytes;
      study.sent_bytes += sentBytes(file);
      if (file.state.at === "failed") study.failed_count += 1;
    }
    for (const result of file.state.at === "answered" ? file.state.results : []) {
      // A header says where a file belongs; without one (an archive's content) the server's answer does.
      const uid = header?.study_instance_uid ?? result.study_instance_uid;
      const study = uid === null ? null : studyOf(uid);
      if (study !== null && header === null) study.image_count += 1;
      if (result.verdict === "stored") {
        if (study === null) continue;
        study.stored_count += 1;
        if (result.already_present) study.already_present_count += 1;
      } else {
        if (study !== null) study.refused_count += 1;
        const key = result.reason?.code ?? "";
        const refusal = refusals.get(key) ?? { reason: result.reason, paths: [] };
        refusal.paths.push(result.path);
        refusals.set(key, refusal);
      }
    }
  }
  return {
    ...summary,
    studies: [...studies.values()],
    archives: queue.files.filter((file) => file.kind === "archive"),
    refusals: [...refusals.values()].sort((a, b) => b.paths.length - a.paths.length),
    file_count: queue.files.length,
  };
}

/** The next files to send while `inFlight` are under way. */
export function nextToSend(queue: Queue, inFlight: ReadonlySet<number>, parallelMost: number): QueuedFile[] {
  const free = parallelMost - inFlight.size;
  if (free <= 0) return [];
  const next: QueuedFile[] = [];
  for (const file of queue.files) {
    if (file.state.at === "waiting" && !inFlight.has(file.id)) next.push(file);
    if (next.length === free) break;
  }
  return next;
}
