/** A template that is being changed outlives a reload, for as long as the tab is open. */
import type { Template } from "../api/types";

const keyOf = (id: string, version: number) => `teleconsult.report-template.${id}.${version}`;

export function recallTemplate(id: string, version: number): Template | null {
  try {
    const kept = sessionStorage.getItem(keyOf(id, version));
    return kept === null ? null : (JSON.parse(kept) as Template);
  } catch {
    return null;
  }
}

export function keepTemplate(id: string, version: number, template: Template | null): void {
  if (template === null) sessionStorage.removeItem(keyOf(id, version));
  else sessionStorage.setItem(keyOf(id, version), JSON.stringify(template));
}
