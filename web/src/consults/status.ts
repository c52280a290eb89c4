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

import type { ConsultEvent, ConsultStatus, Urgency } from "../api/types";
import type { Tone } from "../app/theme";

export interface StatusLook {
  tone: Tone;
  icon: Icon;
}

export const CONSULT_STATUS: Readonly<Record<ConsultStatus, StatusLook>> = {
  draft: { tone: "neutral", icon: IconPencil },
  requested: { tone: "amber", icon: IconClock },
  returned: { tone: "signal", icon: IconArrowBackUp },
  accepted: { tone: "petrol", icon: IconCircleCheck },
  scheduled: { tone: "petrol", icon: IconCalendarTime },
  "in-progress": { tone: "moss", icon: IconVideo },
  "on-hold": { tone: "amber", icon: IconPlayerPause },
  reporting: { tone: "petrol", icon: IconFileText },
  signed: { tone: "moss", icon: IconFileCheck },
  closed: { tone: "neutral", icon: IconLock },
  declined: { tone: "signal", icon: IconCircleX },
  cancelled: { tone: "neutral", icon: IconCircleX },
  "no-show": { tone: "amber", icon: IconUserOff },
};

export interface UrgencyLook {
  tone: Tone;
  icon: Icon;
}

export const URGENCY: Readonly<Record<Urgency, UrgencyLook>> = {
  emergency: { tone: "signal", icon: IconAlertTriangleFilled },
  urgent: { tone: "amber", icon: IconAlarm },
  routine: { tone: "neutral", icon: IconMinus },
};

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
  acknowledge: { ask: "reason", weight: "primary", icon: IconFileCheck, offered: true },
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
