/** What is typed into the search form, and the question that it makes. Pure. */
import type { ArchiveQuery } from "../api/types";

export const MODALITIES = ["CR", "CT", "DX", "MG", "MR", "NM", "PT", "RF", "US", "XA"] as const;

export interface Search {
  patientId: string;
  patientName: string;
  accession: string;
  from: string;
  to: string;
  modality: string;
}

export const emptySearch: Search = { patientId: "", patientName: "", accession: "", from: "", to: "", modality: "" };

/** The question; null while there is nothing to go by. */
export function queryOf(typed: Search): ArchiveQuery | null {
  const given = (text: string) => text.trim() || null;
  const query: ArchiveQuery = {
    patient_id: given(typed.patientId),
    patient_name: given(typed.patientName),
    accession_number: given(typed.accession),
    study_date_from: given(typed.from),
    study_date_to: given(typed.to),
    modality: given(typed.modality),
  };
  const enough = [query.patient_id, query.patient_name, query.accession_number, query.study_date_from];
  return enough.some((value) => value !== null) ? query : null;
}
