/** In which of its states an upload is, as the sender sees it. Pure. */

export type Phase =
  | "idle"
  | "reading"
  /** A person must say something before anything leaves. */
  | "deciding"
  | "sending"
  | "waiting-for-network"
  | "signed-out"
  | "paused"
  /** Files are set aside, or the server refused the upload as such. */
  | "stuck"
  | "finished";

export interface PhaseFacts {
  file_count: number;
  is_reading: boolean;
  needs_decision: boolean;
  is_paused: boolean;
  is_signed_out: boolean;
  is_waiting_for_network: boolean;
  has_failed: boolean;
  is_finished: boolean;
}

/** The first that holds. */
const PHASES: readonly [Phase, (facts: PhaseFacts) => boolean][] = [
  ["idle", ({ file_count }) => file_count === 0],
  ["finished", ({ is_finished }) => is_finished],
  ["reading", ({ is_reading }) => is_reading],
  ["deciding", ({ needs_decision }) => needs_decision],
  ["signed-out", ({ is_signed_out }) => is_signed_out],
  ["paused", ({ is_paused }) => is_paused],
  ["waiting-for-network", ({ is_waiting_for_network }) => is_waiting_for_network],
  ["stuck", ({ has_failed }) => has_failed],
  ["sending", () => true],
];

export const phaseOf = (facts: PhaseFacts): Phase => PHASES.find(([, holds]) => holds(facts))?.[0] ?? "sending";
