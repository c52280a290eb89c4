/** A half-filled request outlives a reload, for as long as the tab is open: no form forgets. */
import { EMPTY_DRAFT, type ConsultDraft } from "./draft";

const key = (study: string | null) => `teleconsult.new-consult.${study ?? ""}`;

export function recallDraft(study: string | null): ConsultDraft | null {
  try {
    const kept = sessionStorage.getItem(key(study));
    return kept === null ? null : { ...EMPTY_DRAFT, ...(JSON.parse(kept) as Partial<ConsultDraft>) };
  } catch {
    // Storage that is switched off or holds something else is no reason to show no form.
    return null;
  }
}

export function rememberDraft(study: string | null, draft: ConsultDraft): void {
  sessionStorage.setItem(key(study), JSON.stringify(draft));
}

export function forgetDraft(study: string | null): void {
  sessionStorage.removeItem(key(study));
}
