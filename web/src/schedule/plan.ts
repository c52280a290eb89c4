/** What is filled in to plan an examination. Pure; the clock is passed in. */
import type { NewScheduledProcedure, PatientRef } from "../api/types";

export type Modality = NewScheduledProcedure["modality"];
export type Sex = NonNullable<NewScheduledProcedure["patient_sex"]>;

export const MODALITIES: readonly Modality[] = [
  "CT", "MR", "DX", "CR", "MG", "US", "XA", "RF", "NM", "PT", "ES", "OT",
];
export const SEXES: readonly Sex[] = ["F", "M", "O"];

/** Text as it stands in the fields; "" is not filled in. */
export interface Plan {
  patientId: string;
  name: string;
  sex: Sex | "";
  birthDate: string;
  modality: Modality;
  description: string;
  time: string;
  station: string;
  physician: string;
  accession: string;
}

/** The local time of a `datetime-local` field, to the minute. */
export function localTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const emptyPlan = (now: Date): Plan => ({
  patientId: "",
  name: "",
  sex: "",
  birthDate: "",
  modality: "CT",
  description: "",
  time: localTime(now),
  station: "",
  physician: "",
  accession: "",
});

const isSex = (value: string | null): value is Sex => SEXES.some((sex) => sex === value);

/** The plan for a patient who was here before. */
export const forPatient = (plan: Plan, patient: PatientRef): Plan => ({
  ...plan,
  patientId: patient.patient_id,
  name: patient.name,
  sex: isSex(patient.sex) ? patient.sex : "",
  birthDate: patient.birth_date ?? "",
});

/** The request, or null while something needed is missing. */
export function newProcedure(plan: Plan): NewScheduledProcedure | null {
  const at = new Date(plan.time);
  const [patientId, name] = [plan.patientId.trim(), plan.name.trim()];
  if (patientId === "" || name === "" || Number.isNaN(at.getTime())) return null;
  const orNull = (text: string) => text.trim() || null;
  return {
    patient_id: patientId,
    patient_name: name,
    patient_sex: plan.sex === "" ? null : plan.sex,
    patient_birth_date: orNull(plan.birthDate),
    modality: plan.modality,
    procedure_description: orNull(plan.description),
    scheduled_at: at.toISOString(),
    scheduled_station_ae_title: orNull(plan.station),
    performing_physician_name: orNull(plan.physician),
    accession_number: orNull(plan.accession),
  };
}
