/** What a page is told of its room. */
import type {
  Participant as WireParticipant,
  Pointer,
  RecordingState,
  Right,
  StillTaken,
  ViewerState,
  WaitingPerson,
} from "./messages";
import type { SessionErrorCode, SessionStatus } from "./reducer";

export interface Participant extends WireParticipant {
  /** What arrives from this participant; for oneself, what one sends. */
  stream: MediaStream | null;
  /** The screen that this participant shares; for oneself too. */
  screenStream: MediaStream | null;
}

export interface SessionState {
  status: SessionStatus;
  selfId: string | null;
  /** Everybody in the room, oneself too. */
  participants: Participant[];
  /** One's own. */
  rights: readonly Right[];
  presenterId: string | null;
  /** Who speaks, or spoke last. */
  speakerId: string | null;
  viewer: ViewerState | null;
  pointers: Readonly<Record<string, Pointer>>;
  locked: boolean;
  /** Who waits to be let in, as moderators know it. */
  waiting: readonly WaitingPerson[];
  recording: RecordingState;
  lastStill: StillTaken | null;
  error: { code: SessionErrorCode } | null;
}
