import type { Role } from "../api/types";

export const ROLES: readonly Role[] = [
  "grassroots-clinician",
  "specialist",
  "radiologist",
  "coordinator",
  "teacher",
  "student",
  "administrator",
  "privacy-officer",
];
