/** How each state of a consult is shown, as tables: a state without a row does not compile. */
import {
  IconAlarm,
  IconAlertTriangleFilled,
  IconArrowBackUp,
  IconCalendarTime,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconFileCheck,
  IconFileText,
  IconLock,
  IconMinus,
  IconPencil,
  IconPlayerPause,
  IconUserOff,
  IconVideo,
  type Icon,
} from "@tabler/icons-react";

import type { Consult, ConsultEvent, ConsultStatus, Urgency } from "../api/types";
import type { Tone } from "../app/theme";

export type Phase = "waiting" | "active" | "finished";

export interface StatusLook {
  tone: Tone;
  icon: Icon;
  phase: Phase;
}

export const CONSULT_STATUS: Readonly<Record<ConsultStatus, StatusLook>> = {
  draft: { tone: "neutral", icon: IconPencil, phase: "waiting" },
  requested: { tone: "amber", icon: IconClock, phase: "waiting" },
  returned: { tone: "signal", icon: IconArrowBackUp, phase: "waiting" },
  accepted: { tone: "petrol", icon: IconCircleCheck, phase: "active" },
  scheduled: { tone: "petrol", icon: IconCalendarTime, phase: "active" },
  "in-progress": { tone: "moss", icon: IconVideo, phase: "active" },
  "on-hold": { tone: "amber", icon: IconPlayerPause, phase: "active" },
  reporting: { tone: "petrol", icon: IconFileText, phase: "active" },
  signed: { tone: "moss", icon: IconFileCheck, phase: "active" },
  closed: { tone: "neutral", icon: IconLock, phase: "finished" },
  declined: { tone: "signal", icon: IconCircleX, phase: "finished" },
  cancelled: { tone: "neutral", icon: IconCircleX, phase: "finished" },
  "no-show": { tone: "amber", icon: IconUserOff, phase: "finished" },
};

export interface UrgencyLook {
  tone: Tone;
  icon: Icon;
  /** Lower comes first in the worklist. */
  rank: number;
}

export const URGENCY: Readonly<Record<Urgency, UrgencyLook>> = {
  emergency: { tone: "signal", icon: IconAlertTriangleFilled, rank: 0 },
  urgent: { tone: "amber", icon: IconAlarm, rank: 1 },
  routine: { tone: "neutral", icon: IconMinus, rank: 2 },
};

/** The order of a specialist's worklist: by urgency, then whoever has waited longest. */
export function byUrgencyThenWaiting(a: Consult, b: Consult): number {
  return (
    URGENCY[a.urgency].rank - URGENCY[b.urgency].rank ||
    new Date(a.created_at).getTime() - new Date(b.created_at).getTime()
  );
}

export const byNewest = (a: Consult, b: Consult) =>
  new Date(b.created_at).getTime() - new Date(a.created_at).getTime();

export interface EventLook {
  /** What is asked before the step is taken. */
  ask: "nothing" | "reason" | "confirm" | "time";
  weight: "primary" | "default" | "danger";
  icon: Icon;
  /** Whether the step is offered on its own: `sign` belongs to the report, `expire` to the server. */
  offered: boolean;
}

export const CONSULT_EVENT: Readonly<Record<ConsultEvent, EventLook>> = {
  submit: { ask: "nothing", weight: "primary", icon: IconCircleCheck, offered: true },
  accept: { ask: "nothing", weight: "primary", icon: IconCircleCheck, offered: true },
  decline: { ask: "reason", weight: "danger", icon: IconCircleX, offered: true },
  return: { ask: "reason", weight: "default", icon: IconArrowBackUp, offered: true },
  withdraw: { ask: "confirm", weight: "danger", icon: IconCircleX, offered: true },
  schedule: { ask: "time", weight: "default", icon: IconCalendarTime, offered: true },
  start: { ask: "nothing", weight: "primary", icon: IconVideo, offered: true },
  hold: { ask: "nothing", weight: "default", icon: IconPlayerPause, offered: true },
  resume: { ask: "nothing", weight: "primary", icon: IconVideo, offered: true },
  end: { ask: "confirm", weight: "default", icon: IconFileText, offered: true },
  sign: { ask: "nothing", weight: "primary", icon: IconFileCheck, offered: false },
  acknowledge: { ask: "confirm", weight: "primary", icon: IconFileCheck, offered: true },
  amend: { ask: "reason", weight: "default", icon: IconPencil, offered: true },
  expire: { ask: "nothing", weight: "default", icon: IconClock, offered: false },
  "report-without-call": { ask: "confirm", weight: "default", icon: IconFileText, offered: true },
  reschedule: { ask: "time", weight: "default", icon: IconCalendarTime, offered: true },
  "call-off": { ask: "reason", weight: "danger", icon: IconCircleX, offered: true },
  "nobody-came": { ask: "confirm", weight: "default", icon: IconUserOff, offered: true },
};

/** The states in which there is a room to enter. */
export const ROOM_OPEN: ReadonlySet<ConsultStatus> = new Set<ConsultStatus>([
  "accepted",
  "scheduled",
  "in-progress",
  "on-hold",
]);

/** The states in which the report exists, as a draft or signed. */
export const HAS_REPORT: ReadonlySet<ConsultStatus> = new Set<ConsultStatus>([
  "in-progress",
  "on-hold",
  "reporting",
  "signed",
  "closed",
]);

export const SPECIALTIES = [
  "radiology",
  "respiratory",
  "thoracic-surgery",
  "oncology",
  "breast-surgery",
  "cardiology",
  "neurology",
  "general",
] as const;
