/** What a page is told of its room, its state and each participant with what arrives from them; and what it can do. */
import type { Readable } from "../viewer/store";
import type { LineView } from "./lineWatch";
import type { ImageMeasurement, Participant as WireParticipant, Pointer, ViewerState } from "./messages";
import type { RoomState } from "./reducer";
import type { Step } from "./steps";

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

export interface Session {
  /** How the line is, renewed each second. */
  readonly line: Readable<LineView>;
  /** What the room shows, at once; `subscribe` tells of it a moment later, since a whole page is drawn after it. */
  readonly viewer: Readable<ViewerState | null>;
  getState(): SessionState;
  subscribe(listener: () => void): () => void;
  sendViewer(state: ViewerState): void;
  sendPointer(pointer: Pointer | null): void;
  /** One of one's own, as it stands. */
  sendMeasurement(measurement: ImageMeasurement): void;
  removeMeasurements(ids: readonly string[]): void;
  /** The longer side of somebody's picture on this screen, in its pixels; 0: not seen; null: forget it. */
  sizePicture(participantId: string, sidePx: number | null): void;
  takePresenter(): void;
  step(step: Step): void;
  setMedia(media: { audio: boolean; video: boolean }): void;
  setLocalStream(stream: MediaStream | null): Promise<void>;
  /** Share this screen, or none. The server may refuse it with `screen-taken`. */
  setScreen(stream: MediaStream | null): Promise<void>;
  close(): void;
}
