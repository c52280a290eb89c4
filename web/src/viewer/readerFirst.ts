/** Reader-first mode: AI results stay out of sight until the reader has read the study without them. Pure.
 *
 * A setting of one user in this browser. It hides on this screen only: others in a consult room see what their own
 * setting shows them, and a reader who is led to a finding by somebody else is shown the slice without the mark.
 */
import type { StudyDetail } from "../api/types";

export interface ReaderFirst {
  isOn: boolean;
  /** Studies that were read, the latest last. */
  readStudies: readonly string[];
}

/** A reader does not come back to more; what falls out is hidden again. */
const READ_STUDIES_KEPT = 500;
const OFF: ReaderFirst = { isOn: false, readStudies: [] };

/** What was kept, as far as it is what we keep. */
export function parseReaderFirst(text: string | null): ReaderFirst {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    if (typeof kept !== "object" || kept === null || !("isOn" in kept) || !("readStudies" in kept)) return OFF;
    const { isOn, readStudies } = kept;
    if (typeof isOn !== "boolean" || !Array.isArray(readStudies)) return OFF;
    return { isOn, readStudies: readStudies.filter((uid) => typeof uid === "string") };
  } catch {
    return OFF;
  }
}

export const withRead = (state: ReaderFirst, studyInstanceUid: string): ReaderFirst => ({
  ...state,
  readStudies: [...state.readStudies.filter((uid) => uid !== studyInstanceUid), studyInstanceUid].slice(-READ_STUDIES_KEPT),
});

export const hidesAi = ({ isOn, readStudies }: ReaderFirst, studyInstanceUid: string) =>
  isOn && !readStudies.includes(studyInstanceUid);

/** The study as its reader may see it: without AI results while they are hidden. */
export const asSeen = (study: StudyDetail, state: ReaderFirst): StudyDetail =>
  hidesAi(state, study.study_instance_uid) ? { ...study, findings: [] } : study;

export const readerFirstKey = (userId: string) => `teleconsult.reader-first.${userId}`;
