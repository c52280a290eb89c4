/** How the state of an agreement is shown, and a proposal as it is being filled in. Pure. */
import {
  IconCircleCheck,
  IconCircleX,
  IconClockExclamation,
  IconCalendarTime,
  IconHourglass,
  type Icon,
} from "@tabler/icons-react";

import type { AgreementState, LegalRole, NewAgreement } from "../api/types";
import type { Tone } from "../app/theme";

export const AGREEMENT_STATE: Readonly<Record<AgreementState, { tone: Tone; icon: Icon }>> = {
  proposed: { tone: "amber", icon: IconHourglass },
  upcoming: { tone: "petrol", icon: IconCalendarTime },
  "in-force": { tone: "moss", icon: IconCircleCheck },
  "ends-soon": { tone: "amber", icon: IconClockExclamation },
  ended: { tone: "neutral", icon: IconCircleX },
};

export const LEGAL_ROLES: readonly LegalRole[] = ["consultation", "remote-diagnosis"];

export interface AgreementDraft {
  /** Which way requests go, seen from the own institution. */
  direction: "we-ask" | "they-ask";
  other: string;
  specialties: readonly string[];
  legalRoles: readonly string[];
  /** Days as the user reads them, YYYY-MM-DD, the last one included. */
  firstDay: string;
  lastDay: string;
}

/** The local day of an instant as a date field takes it. */
export function dayOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function startOfDay(day: string, later = 0): Date {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later);
}

/** The last day on which an agreement that ends at this instant still holds. */
export const lastDayOf = (endsAt: string) => dayOf(new Date(new Date(endsAt).getTime() - 1));

/** The terms to send; null while something is missing or the last day is before the first. */
export function agreementTerms(draft: AgreementDraft, own: string): NewAgreement | null {
  const { other, specialties, legalRoles, firstDay, lastDay } = draft;
  if ([other, firstDay, lastDay].includes("") || specialties.length === 0 || legalRoles.length === 0) return null;
  if (lastDay < firstDay) return null;
  const [inviting, invited] = draft.direction === "we-ask" ? [own, other] : [other, own];
  return {
    inviting_institution_id: inviting,
    invited_institution_id: invited,
    specialties: [...specialties] as NewAgreement["specialties"],
    legal_roles: [...legalRoles] as NewAgreement["legal_roles"],
    starts_at: startOfDay(firstDay).toISOString(),
    ends_at: startOfDay(lastDay, 1).toISOString(),
  };
}
