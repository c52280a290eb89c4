/** A template that is being changed outlives a reload, for as long as the tab is open. */
import type { ReadTemplate, Template } from "../api/types";

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

/** Under which the imported one is changed before it is published. */
export const IMPORTED = { id: "import", version: 0 } as const;
const IMPORT = "teleconsult.report-template-import";

/** What was read from a file, with what of it found no place. */
export function recallImport(): ReadTemplate | null {
  try {
    const kept = sessionStorage.getItem(IMPORT);
    return kept === null ? null : (JSON.parse(kept) as ReadTemplate);
  } catch {
    return null;
  }
}

export function keepImport(read: ReadTemplate | null): void {
  if (read === null) sessionStorage.removeItem(IMPORT);
  else sessionStorage.setItem(IMPORT, JSON.stringify(read));
}
