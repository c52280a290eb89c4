/** Whose picture is on the screen: one's own as presenter, the presenter's, or a free one. Pure. */
import type { ViewerState } from "../viewer/viewerState";

export type Look = "presenting" | "following" | "free";

export interface Presence {
  selfId: string | null;
  presenterId: string | null;
  /** The user looked away from the presenter's picture. */
  isAway: boolean;
}

export function lookOf({ selfId, presenterId, isAway }: Presence): Look {
  if (selfId !== null && presenterId === selfId) return "presenting";
  return isAway ? "free" : "following";
}

/** The study on screen: the presenter's while following, else the user's own choice. */
export function studyOnScreen(
  look: Look,
  shared: ViewerState | null,
  chosen: string | null,
  studies: readonly string[],
): string | null {
  const followed = shared?.studyInstanceUid ?? null;
  if (look === "following" && followed !== null) return followed;
  return chosen ?? followed ?? studies[0] ?? null;
}
