import { KEYS } from "../app/keyTable";

/** Opens and closes what is known of the patient, wherever it is shown. */
export const PATIENT_KEY = KEYS.patient.side;
