/** The report being written here against the one on the server, as values. Pure. */
import type { Report, ReportSections } from "../api/types";

export const SECTIONS = ["findings_text", "conclusion", "recommendation"] as const;

export const sectionsOf = (report: Report): ReportSections => ({
  findings_text: report.findings_text,
  conclusion: report.conclusion,
  recommendation: report.recommendation,
});

export const sameText = (a: ReportSections, b: ReportSections) => SECTIONS.every((name) => a[name] === b[name]);

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
