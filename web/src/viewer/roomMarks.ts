/** What the people of a room have measured, as the pictures and the list of measurements show it. */
import type { ImageMeasurement } from "../signaling/messages";
import { Store } from "./store";

export interface SharedMark {
  measurement: ImageMeasurement;
  name: string;
  colour: string;
  /** Of the user, drawn by an earlier page of theirs: here it can be named and deleted, and no longer moved. */
  isOwn: boolean;
}

export interface RoomMarks {
  marks: readonly SharedMark[];
  rename: (mark: SharedMark, label: string) => void;
  remove: (ids: readonly string[]) => void;
  /** Take away everybody's; null where the user may not. */
  clear: (() => void) | null;
}

export const NO_MARKS: RoomMarks = { marks: [], rename: () => undefined, remove: () => undefined, clear: null };

/** Of the room that is open; outside of one there are none. */
export const roomMarks = new Store<RoomMarks>(NO_MARKS);
