/** What was typed lives on this computer until the server has it: a page or a server that is gone takes nothing. */
import type { Draft, KeptDraft } from "./draft";

const keyOf = (userId: string, consultId: string) => `teleconsult.report-draft.${userId}.${consultId}`;

export function recallDraft(userId: string, consultId: string): KeptDraft | null {
  try {
    const kept = localStorage.getItem(keyOf(userId, consultId));
    return kept === null ? null : (JSON.parse(kept) as KeptDraft);
  } catch {
    // Storage that is switched off or holds something else keeps nothing; the server still does.
    return null;
  }
}

export function keepDraft(userId: string, consultId: string, draft: Draft, version: number): void {
  try {
    localStorage.setItem(keyOf(userId, consultId), JSON.stringify({ draft, version } satisfies KeptDraft));
  } catch {
    // As above.
  }
}

export function forgetDraft(userId: string, consultId: string): void {
  localStorage.removeItem(keyOf(userId, consultId));
}
