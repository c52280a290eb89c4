/** The report being written here against the one on the server, as values. Pure. */
import type { Report, ReportBody, ReportSections, TemplateRef, Written } from "../api/types";

export const SECTIONS = ["findings_text", "conclusion", "recommendation"] as const;

export type WrittenValues = Readonly<Record<string, Written>>;

/** All that its writer set. Without a template until the server has chosen one. */
export interface Draft extends ReportSections {
  template: TemplateRef | null;
  written: WrittenValues;
  /** Ids of the key images that are in it, in their order; null: nobody chose. Absent in drafts that were kept earlier. */
  key_images?: readonly string[] | null | undefined;
}

export const draftOf = (report: Report): Draft => ({
  findings_text: report.findings_text,
  conclusion: report.conclusion,
  recommendation: report.recommendation,
  template: report.structured?.template ?? null,
  written: report.structured?.written ?? {},
  key_images: report.key_images,
});

export const bodyOf = (draft: Draft, version: number): ReportBody => ({
  ...draft,
  written: { ...draft.written },
  key_images: draft.key_images ? [...draft.key_images] : null,
  version,
});

/** Null and no key image at all are not the same: one is a choice. */
export const sameKeyImages = (a: Draft, b: Draft) => (a.key_images?.join() ?? null) === (b.key_images?.join() ?? null);

/** Paths at which two drafts say something else. */
export function differingPaths(a: WrittenValues, b: WrittenValues): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => {
    const [one, other] = [a[path], b[path]];
    return (one === undefined) !== (other === undefined) || one?.value !== other?.value || (one?.over ?? null) !== (other?.over ?? null);
  });
}

export const sameDraft = (a: Draft, b: Draft) =>
  SECTIONS.every((name) => a[name] === b[name]) &&
  a.template?.id === b.template?.id &&
  a.template?.version === b.template?.version &&
  sameKeyImages(a, b) &&
  differingPaths(a.written, b.written).length === 0;

export type SaveState =
  | { at: "saved" }
  /** Typed but not sent yet. */
  | { at: "unsaved" }
  | { at: "saving" }
  /** The server could not be reached or refused; the text is still here. */
  | { at: "failed" }
  /** Somebody else saved another text meanwhile. */
  | { at: "conflict" };

export type SaveEvent = "typed" | "sent" | "stored" | "unchanged" | "failed" | "conflicted" | "resolved";

const STEPS: Readonly<Record<SaveState["at"], Partial<Record<SaveEvent, SaveState["at"]>>>> = {
  saved: { typed: "unsaved", sent: "saving", conflicted: "conflict" },
  unsaved: { typed: "unsaved", sent: "saving", unchanged: "saved", conflicted: "conflict", resolved: "saved" },
  saving: { typed: "unsaved", stored: "saved", failed: "failed", conflicted: "conflict" },
  failed: { typed: "unsaved", sent: "saving", unchanged: "saved", conflicted: "conflict" },
  conflict: { resolved: "saved", unchanged: "saved", sent: "saving" },
};

/** The state after an event; one that the state does not know leaves it as it is. */
export function afterSaveEvent(state: SaveState, event: SaveEvent): SaveState {
  const next = STEPS[state.at][event];
  return next === undefined ? state : { at: next };
}

/** A draft that this computer keeps until the server has it, and the version that it was written on. */
export interface KeptDraft {
  draft: Draft;
  version: number;
}

/** With what an editor opens: the server's report, or what was typed here and never arrived there. */
export function opening(report: Report, kept: KeptDraft | null): KeptDraft & { save: SaveState } {
  const server = draftOf(report);
  if (kept === null || sameDraft(kept.draft, server)) {
    return { draft: server, version: report.version, save: { at: "saved" } };
  }
  return { ...kept, save: { at: kept.version === report.version ? "unsaved" : "conflict" } };
}
