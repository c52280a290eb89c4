/** Whose picture is on the screen: one's own as presenter, the presenter's, or a free one. Pure. */
import type { StudyDetail } from "../api/types";
import type { SessionState } from "../signaling/sessionState";
import { indexOfImage, slicesOf } from "../viewer/slices";
import type { ViewerState } from "../viewer/viewerState";

export type Look = "presenting" | "following" | "free";

/** How the user may come to present: at once, by asking who does, or having asked; null: not at all. */
export type PresentingWay = "take" | "ask" | "asked" | null;

export function presentingWay({ rights, participants, selfId, presenterId }: SessionState): PresentingWay {
  if (!rights.includes("present") || presenterId === selfId) return null;
  const presenter = participants.find(({ id }) => id === presenterId);
  if (presenter === undefined || presenter.reconnecting || rights.includes("moderate")) return "take";
  return participants.some(({ id, asksToPresent }) => id === selfId && asksToPresent) ? "asked" : "ask";
}

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

/** Where the presenter is, as somebody who looks elsewhere is told; `slice` is counted from 1. */
export type PresenterPlace = { kind: "slice"; slice: number; series: string } | { kind: "otherStudy" };

/** Null where nobody shows anything, or where it is not known yet. */
export function presenterPlace(shared: ViewerState | null, onScreen: StudyDetail | null): PresenterPlace | null {
  if (shared === null || onScreen === null) return null;
  if (shared.studyInstanceUid !== onScreen.study_instance_uid) return { kind: "otherStudy" };
  const series = onScreen.series.find((each) => each.series_instance_uid === shared.seriesInstanceUid);
  if (series === undefined) return null;
  const index = indexOfImage(slicesOf(onScreen, series), shared);
  return index < 0 ? null : { kind: "slice", slice: index + 1, series: series.description ?? series.modality };
}
