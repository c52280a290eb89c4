import { IconCircleCheck, IconCircleX, IconHelpCircle, IconPencil, type Icon } from "@tabler/icons-react";

import type { DecisionStatus } from "../api/types";
import type { Tone } from "../app/theme";

/** How a clinician's decision on a finding is shown. */
export const DECISION: Readonly<Record<DecisionStatus, { tone: Tone; icon: Icon }>> = {
  preliminary: { tone: "amber", icon: IconHelpCircle },
  accepted: { tone: "moss", icon: IconCircleCheck },
  edited: { tone: "moss", icon: IconPencil },
  rejected: { tone: "neutral", icon: IconCircleX },
};

/** Why a flag is thrown out, the common ones; the words are in the language files. */
export const REJECTION_REASONS = ["vessel", "scar", "artefact", "benign", "duplicate"] as const;
