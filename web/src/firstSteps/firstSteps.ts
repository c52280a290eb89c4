/** What a new user does first, by their roles, in the order in which the work goes. Pure. */
import type { Me } from "../api/types";
import { KEYS } from "../app/keyTable";
import { asksOthers, hasNoPatients, readsForOthers } from "../worklist/sections";

/** Where a step is done; null: in a study or a consult, which a new user does not have yet. */
export const PLACES = {
  worklist: "/",
  upload: "/upload",
  request: "/consults/new",
  images: null,
  findings: null,
  room: null,
  report: null,
  answer: null,
  hours: "/calendar",
  views: "/",
  unanswered: "/notifications",
  order: "/manage",
  members: "/institution?tab=members",
  agreements: "/institution?tab=agreements",
  devices: "/devices",
  archives: "/archives",
  models: "/models",
  viewers: "/privacy?tab=viewers",
  emergencies: "/privacy?tab=emergency",
  chain: "/privacy?tab=chain",
} as const;

export type FirstStep = keyof typeof PLACES;

/** The keys that a step's sentence speaks of. */
export const STEP_KEYS: Readonly<Partial<Record<FirstStep, readonly string[]>>> = {
  worklist: [KEYS.worklist.next, KEYS.worklist.previous, "Enter"],
  findings: [KEYS.findings.next, KEYS.findings.previous, KEYS.findings.accept, KEYS.findings.reject, KEYS.findings.undo],
  report: [KEYS.findings.sign],
};

function ofWhoKeepsTheInstallation(me: Me): readonly FirstStep[] {
  if (!me.roles.includes("privacy-officer")) return ["members", "agreements", "devices", "archives", "models"];
  if (!me.roles.includes("administrator")) return ["viewers", "emergencies", "chain"];
  return ["members", "agreements", "devices", "viewers", "emergencies"];
}

export function firstSteps(me: Me): readonly FirstStep[] {
  if (hasNoPatients(me)) return ofWhoKeepsTheInstallation(me);
  if (asksOthers(me) && readsForOthers(me)) return ["worklist", "upload", "findings", "room", "report"];
  if (asksOthers(me)) return ["upload", "request", "images", "room", "answer"];
  if (readsForOthers(me)) return ["worklist", "findings", "room", "report", "hours"];
  if (me.roles.includes("coordinator")) return ["views", "unanswered", "order"];
  return ["worklist", "images", "room"];
}
