/** A request as it is being filled in, and what it still lacks. Pure. */
import type { ConsentMethod, Consult, LegalRole, NewConsult, Urgency } from "../api/types";
import { EMPTY_HISTORY, historyFaults, recordsOf, type HistoryDraft } from "../history/draft";

export interface ConsultDraft {
  patient_id: string | null;
  study_instance_uids: readonly string[];
  question: string;
  urgency: Urgency;
  specialty: NewConsult["specialty"];
  legal_role: LegalRole;
  form: Consult["form"];
  first_report: string;
  disciplines: NonNullable<NewConsult["disciplines"]>;
  consent_method: ConsentMethod | null;
  consent_given: boolean;
  consent_note: string;
  history: HistoryDraft;
}

export const EMPTY_DRAFT: ConsultDraft = {
  patient_id: null,
  study_instance_uids: [],
  question: "",
  urgency: "routine",
  specialty: "radiology",
  legal_role: "consultation",
  form: "call",
  first_report: "",
  disciplines: [],
  consent_method: null,
  consent_given: false,
  consent_note: "",
  history: EMPTY_HISTORY,
};

export type DraftFault =
  | "patient"
  | "study"
  | "question"
  | "disciplines"
  | "consentMethod"
  | "consentGiven"
  | "emergencyReason"
  | "history";

export const QUESTION_LENGTH_LEAST = 4;

/** In an emergency the reason stands in for the consent that could not be had. */
export function draftFaults(draft: ConsultDraft): ReadonlySet<DraftFault> {
  const faults = new Set<DraftFault>();
  if (draft.patient_id === null) faults.add("patient");
  if (draft.study_instance_uids.length === 0) faults.add("study");
  if (draft.question.trim().length < QUESTION_LENGTH_LEAST) faults.add("question");
  if (historyFaults(draft.history).size > 0) faults.add("history");
  const others = draft.disciplines.filter(({ specialty }) => specialty !== draft.specialty);
  if (draft.form === "panel" && others.length === 0) faults.add("disciplines");
  if (draft.consent_method === null) faults.add("consentMethod");
  else if (draft.consent_method === "emergency") {
    if (draft.consent_note.trim() === "") faults.add("emergencyReason");
  } else if (!draft.consent_given) faults.add("consentGiven");
  return faults;
}

/** The request to send; null while anything is missing. */
export function newConsult(draft: ConsultDraft): NewConsult | null {
  const { patient_id, consent_method } = draft;
  if (draftFaults(draft).size > 0 || patient_id === null || consent_method === null) return null;
  const note = draft.consent_note.trim();
  return {
    patient_id,
    question: draft.question.trim(),
    urgency: draft.urgency,
    specialty: draft.specialty,
    legal_role: draft.legal_role,
    form: draft.form,
    first_report: draft.form === "opinion" ? draft.first_report.trim() || null : null,
    disciplines:
      draft.form === "panel" ? draft.disciplines.filter(({ specialty }) => specialty !== draft.specialty) : [],
    study_instance_uids: [...draft.study_instance_uids],
    consent: {
      given: consent_method !== "emergency",
      method: consent_method,
      giver: consent_method === "emergency" ? null : "patient",
      ...(note === "" ? {} : { note }),
    },
    history: recordsOf(draft.history),
  };
}
