/** What a stack viewport shows at one moment, as plain values for the components around it. */
import type { Slice } from "./findingOnSlice";
import type { ImageToCanvas } from "./geometry";
import type { ImageFacts } from "./imageFacts";
import type { LoadFault } from "./imageLoading";
import type { SliceRef } from "./slices";
import type { Presentation, Window } from "./viewerState";

export interface ShownSlice extends Slice {
  index: number;
  /** 0-based, within the instance. */
  frame: number;
  facts: ImageFacts;
}

export interface StackSnapshot {
  seriesInstanceUid: string | null;
  slices: readonly SliceRef[];
  fault: LoadFault | null;
  /** The slice asked for; `shown` follows when it is on screen. */
  wantedIndex: number;
  shown: ShownSlice | null;
  transform: ImageToCanvas | null;
  presentation: Presentation | null;
  /** As the image itself wants to be shown. */
  stored: { window: Window; invert: boolean } | null;
}

export interface HoverReadout {
  column: number;
  row: number;
  value: number | null;
}

/** Why the picture changed: the user did it, or wants it as it was; a series opened by itself; a picture beside it leads.
 * A followed state is no cause. */
export type ChangeCause = "user" | "reset" | "load" | "linked";

export const NOTHING: StackSnapshot = {
  seriesInstanceUid: null,
  slices: [],
  fault: null,
  wantedIndex: 0,
  shown: null,
  transform: null,
  presentation: null,
  stored: null,
};
