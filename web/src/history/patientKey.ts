/** Opens and closes what is known of the patient, wherever it is shown; H is the viewer's. */
export const PATIENT_KEY = ";";
