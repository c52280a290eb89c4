/** Whether a report can be signed now, and if not, what stands in the way first. Pure. */
import type { Consult, Report } from "../api/types";
import type { SaveState } from "./draft";

export const OBSTACLES = ["signed", "notYours", "callFirst", "undecided", "conclusion", "comparison", "fields", "conflict"] as const;
export type Obstacle = (typeof OBSTACLES)[number];

export interface ReportAtHand {
  consult: Pick<Consult, "status" | "possible_events">;
  report: Pick<Report, "may_write" | "undecided_count">;
  conclusion: string;
  /** Of a second opinion: it says how it stands to the first. True elsewhere. */
  isCompared: boolean;
  /** Fields of the template whose faults stand in the way. */
  faultCount: number;
  save: SaveState["at"];
}

/** What has to happen before the report can be signed; null: it can. */
export function obstacleToSigning({ consult, report, conclusion, isCompared, faultCount, save }: ReportAtHand): Obstacle | null {
  if (consult.status === "signed" || consult.status === "closed") return "signed";
  if (!report.may_write) return "notYours";
  if (!consult.possible_events.includes("sign")) return consult.status === "reporting" ? "notYours" : "callFirst";
  if (report.undecided_count > 0) return "undecided";
  if (conclusion.trim() === "") return "conclusion";
  if (!isCompared) return "comparison";
  if (faultCount > 0) return "fields";
  return save === "conflict" ? "conflict" : null;
}
