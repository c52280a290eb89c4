/** What somebody does here, by their roles. Pure. */
import type { Me } from "../api/types";

export const readsForOthers = (me: Me) =>
  me.roles.some((role) => role === "specialist" || role === "radiologist");

export const asksOthers = (me: Me) => me.roles.includes("grassroots-clinician");

/** Who takes part in care: uploads, asks and decides. */
export const isClinician = (me: Me) => readsForOthers(me) || asksOthers(me);

/** Who may put studies and patients in order; what exactly, the server says. */
export const keepsStudies = (me: Me) =>
  isClinician(me) || me.roles.some((role) => role === "coordinator" || role === "administrator");

/** Who keeps the installation or its log and has no patients: the worklist would always be empty. */
export const hasNoPatients = (me: Me) =>
  me.roles.every((role) => role === "administrator" || role === "privacy-officer");

/** The page that is theirs: the worklist, where they have patients. */
export function homeOf(me: Me) {
  if (!hasNoPatients(me)) return "/";
  return me.roles.includes("administrator") ? "/devices" : "/privacy";
}
