/** What the page shows of a queue: by study and series, and what was refused by its reason. Pure. */
import type { FileResult, Sentence } from "../api/types";
import type { FileHeader } from "./header";
import { isLeftOut, type Queue, type QueuedFile } from "./queue";

export interface SeriesProgress {
  series_instance_uid: string;
  series_number: number | null;
  series_description: string | null;
  modality: string | null;
  image_count: number;
  done_count: number;
  left_out: boolean;
}

export interface StudyProgress {
  /** As the files on the sender's disk say it. */
  study_instance_uid: string;
  /** As the archive has it: another one where the patient's identity was removed. */
  archive_study_uid: string;
  patient_name: string;
  patient_id: string;
  study_description: string | null;
  study_date: string | null;
  modality: string | null;
  series: readonly SeriesProgress[];
  /** Images of this study that are to be sent, as far as read. */
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
  /** Archives that the server unpacks. */
  archives: readonly QueuedFile[];
  refusals: readonly Refusal[];
  total_bytes: number;
  sent_bytes: number;
  file_count: number;
  read_count: number;
  answered_count: number;
  failed_count: number;
}

function sentBytes(file: QueuedFile): number {
  if (file.state.at === "sending") return Math.min(file.state.sent_bytes, file.size_bytes);
  return file.state.at === "answered" ? file.size_bytes : 0;
}

const isUnpacked = (file: QueuedFile) =>
  file.kind === "archive" && file.state.at === "answered" && file.state.results.length === 0;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Study extends Mutable<Omit<StudyProgress, "series">> {
  series: Map<string, Mutable<SeriesProgress>>;
}

function newStudy(uid: string): Study {
  return {
    study_instance_uid: uid,
    archive_study_uid: uid,
    patient_name: "",
    patient_id: "",
    study_description: null,
    study_date: null,
    modality: null,
    series: new Map(),
    image_count: 0,
    stored_count: 0,
    already_present_count: 0,
    refused_count: 0,
    failed_count: 0,
    size_bytes: 0,
    sent_bytes: 0,
  };
}

function countHeader(study: Study, file: QueuedFile, header: FileHeader, leftOut: boolean): void {
  study.patient_name ||= header.patient_name;
  study.patient_id ||= header.patient_id;
  study.study_description ??= header.study_description;
  study.study_date ??= header.study_date;
  study.modality ??= header.modality;
  const series = study.series.get(header.series_instance_uid) ?? {
    series_instance_uid: header.series_instance_uid,
    series_number: header.series_number,
    series_description: header.series_description,
    modality: header.modality,
    image_count: 0,
    done_count: 0,
    left_out: leftOut,
  };
  study.series.set(header.series_instance_uid, series);
  series.image_count += 1;
  if (file.state.at === "answered") series.done_count += 1;
  series.left_out = leftOut || (series.left_out && file.state.at === "answered");
  if (leftOut) return;
  study.image_count += 1;
  study.size_bytes += file.size_bytes;
  study.sent_bytes += sentBytes(file);
  if (file.state.at === "failed") study.failed_count += 1;
}

const inOrder = (a: SeriesProgress, b: SeriesProgress) => (a.series_number ?? 1e9) - (b.series_number ?? 1e9);

export function summarise(queue: Queue): QueueSummary {
  const studies = new Map<string, Study>();
  const refusals = new Map<string, { reason: Sentence | null; paths: string[] }>();
  const totals = { total_bytes: 0, sent_bytes: 0, file_count: 0, read_count: 0, answered_count: 0, failed_count: 0 };
  const studyOf = (uid: string): Study => {
    const study = studies.get(uid) ?? newStudy(uid);
    studies.set(uid, study);
    return study;
  };
  const countResult = (study: Study | null, result: FileResult, isOfHeader: boolean): void => {
    if (study !== null && !isOfHeader) study.image_count += 1;
    if (result.verdict === "stored") {
      if (study === null) return;
      study.archive_study_uid = result.study_instance_uid ?? study.archive_study_uid;
      study.stored_count += 1;
      if (result.already_present) study.already_present_count += 1;
      return;
    }
    if (study !== null) study.refused_count += 1;
    const key = result.reason?.code ?? "";
    const refusal = refusals.get(key) ?? { reason: result.reason, paths: [] };
    refusal.paths.push(result.path);
    refusals.set(key, refusal);
  };

  for (const file of queue.files) {
    // A zip that was unpacked here: its files stand in the queue themselves.
    if (isUnpacked(file)) continue;
    const leftOut = isLeftOut(queue, file);
    if (file.state.at !== "reading") totals.read_count += 1;
    if (file.header !== null) countHeader(studyOf(file.header.study_instance_uid), file, file.header, leftOut);
    if (!leftOut) {
      totals.file_count += 1;
      totals.total_bytes += file.size_bytes;
      totals.sent_bytes += sentBytes(file);
      if (file.state.at === "answered") totals.answered_count += 1;
      else if (file.state.at === "failed") totals.failed_count += 1;
    } else totals.read_count -= 1;
    if (file.state.at !== "answered") continue;
    for (const result of file.state.results) {
      // A header says where a file belongs; without one (an archive's content) the server's answer does.
      const uid = file.header?.study_instance_uid ?? result.study_instance_uid;
      countResult(uid === null ? null : studyOf(uid), result, file.header !== null);
    }
  }
  return {
    ...totals,
    studies: [...studies.values()].map((study) => ({ ...study, series: [...study.series.values()].sort(inOrder) })),
    archives: queue.files.filter((file) => file.kind === "archive" && !isUnpacked(file)),
    refusals: [...refusals.values()].sort((a, b) => b.paths.length - a.paths.length),
  };
}
