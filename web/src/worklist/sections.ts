/** Which consults stand where on a worklist. Pure. */
import type { Consult, Me } from "../api/types";
import { byNewest, byUrgencyThenWaiting, CONSULT_STATUS, type Phase } from "../consults/status";

export const readsForOthers = (me: Me) =>
  me.roles.some((role) => role === "specialist" || role === "radiologist");

export const asksOthers = (me: Me) => me.roles.includes("grassroots-clinician");

/** Who takes part in care: uploads, asks and decides. */
export const isClinician = (me: Me) => readsForOthers(me) || asksOthers(me);

/** Who may put studies and patients in order; what exactly, the server says. */
export const keepsStudies = (me: Me) =>
  isClinician(me) || me.roles.some((role) => role === "coordinator" || role === "administrator");

/** Who keeps the installation and has no patients: the worklist would always be empty. */
export const onlyAdministers = (me: Me) => me.roles.every((role) => role === "administrator");

/** Waiting ones by urgency and time waited; the others with the newest first. */
export function consultsInPhase(consults: readonly Consult[], phase: Phase): Consult[] {
  return consults
    .filter((consult) => CONSULT_STATUS[consult.status].phase === phase)
    .sort(phase === "finished" ? byNewest : byUrgencyThenWaiting);
}

export const PHASES: readonly Phase[] = ["waiting", "active", "finished"];

/** The part to open with: the first that holds something. */
export function firstPhase(consults: readonly Consult[]): Phase {
  return PHASES.find((phase) => consultsInPhase(consults, phase).length > 0) ?? "waiting";
}
