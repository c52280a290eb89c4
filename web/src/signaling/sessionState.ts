/** What a page is told of its room: its state, each participant with what arrives from them. */
import type { Participant as WireParticipant } from "./messages";
import type { RoomState } from "./reducer";

export interface Participant extends WireParticipant {
  /** What arrives from this participant; for oneself, what one sends. */
  stream: MediaStream | null;
  /** The screen that this participant shares; for oneself too. */
  screenStream: MediaStream | null;
}

export interface SessionState extends Omit<RoomState, "participants" | "streams" | "seq"> {
  /** Everybody in the room, oneself too. */
  participants: Participant[];
}
