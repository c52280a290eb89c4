/** How the AI reading of a study and the gate's verdict on a series are shown, as tables. */
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconExclamationCircle,
  IconHourglass,
  IconLoader2,
  type Icon,
} from "@tabler/icons-react";

import type { AiStatus, AiSummary, JobStatus, Verdict } from "../api/types";
import type { Tone } from "../app/theme";

export interface Look {
  tone: Tone;
  icon: Icon;
}

export const AI_STATUS: Readonly<Record<AiStatus, Look>> = {
  none: { tone: "neutral", icon: IconCircleDashed },
  queued: { tone: "neutral", icon: IconHourglass },
  running: { tone: "petrol", icon: IconLoader2 },
  completed: { tone: "moss", icon: IconCircleCheck },
  failed: { tone: "signal", icon: IconExclamationCircle },
  "not-usable": { tone: "amber", icon: IconBan },
};

export const VERDICT: Readonly<Record<Verdict, Look>> = {
  usable: { tone: "moss", icon: IconCircleCheck },
  "usable-with-caution": { tone: "amber", icon: IconAlertTriangle },
  "not-usable": { tone: "neutral", icon: IconBan },
};

/** One job on one series; in the words of the study's summary, which stands beside it. */
export const JOB_AS_AI: Readonly<Record<JobStatus, AiStatus>> = {
  requested: "queued",
  "in-progress": "running",
  completed: "completed",
  failed: "failed",
  cancelled: "none",
};

/** Findings that wait for a decision outrank the good news that the reading is done. */
export function aiTone(ai: AiSummary): Tone {
  return ai.status === "completed" && ai.undecided_count > 0 ? "amber" : AI_STATUS[ai.status].tone;
}

/** Whether the reading may still change by itself. */
export const isReading = (status: AiStatus) => status === "queued" || status === "running";
