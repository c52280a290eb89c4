// Made by `python -m signaling.messages`. Do not edit: change signaling/messages.py.

/** Both ways. RTCIceCandidateInit (RFC 8839 section 5.1); an empty candidate ends gathering. */
export interface CandidateMessage {
  type: "candidate";
  connection: Connection;
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

/** Which of a client's two peer connections: what it sends, or what it receives. */
export type Connection = "send" | "receive";

/** Both ways. The client offers on `send`, the server on `receive`; the other one answers. */
export interface DescriptionMessage {
  type: "description";
  connection: Connection;
  description: SessionDescription;
}

/** Why the server refused or ended something; the front end has a sentence for each. */
export type ErrorCode = "bad-message" | "bad-token" | "expired-token" | "join-timeout" | "already-joined" | "room-full" | "replaced" | "not-presenter" | "not-allowed" | "media-failed" | "too-slow" | "server-closing";

export interface ErrorMessage {
  type: "error";
  code: ErrorCode;
}

/** The first message of a connection; the token is a `join_token.JoinGrant` that the app signed. */
export interface Join {
  type: "join";
  token: string;
}

export interface Joined {
  type: "joined";
  participant: Participant;
}

export interface Left {
  type: "left";
  participantId: string;
}

export interface MediaChanged {
  type: "media";
  participantId: string;
  audio: boolean;
  video: boolean;
}

/** Somebody in the room. `audio` and `video` say what is switched on, not what arrives. */
export interface Participant {
  id: string;
  displayName: string;
  role: string;
  audio: boolean;
  video: boolean;
}

/** Where somebody points: x is the column, y the row, in pixels of the stored image, zero-based. */
export interface Pointer {
  sopInstanceUid: string;
  x: number;
  y: number;
}

export interface PointerMoved {
  type: "pointer";
  participantId: string;
  pointer: Pointer | null;
}

export interface PresenterChanged {
  type: "presenter";
  participantId: string | null;
}

/** RTCSessionDescriptionInit. */
export interface SessionDescription {
  type: "offer" | "answer";
  sdp: string;
}

/** What the sender of this has switched on. */
export interface SetMedia {
  type: "media";
  audio: boolean;
  video: boolean;
}

export interface SetPointer {
  type: "pointer";
  pointer: Pointer | null;
}

export interface SetViewer {
  type: "viewer";
  state: ViewerState;
}

export interface TakePresenter {
  type: "takePresenter";
}

/** `seq` counts the states of this room; one that is not larger than the last is old. */
export interface ViewerChanged {
  type: "viewer";
  seq: number;
  participantId: string;
  state: ViewerState;
}

/**
 * What the presenter's screen shows; every other screen follows it.
 *
 * Window centre and width in the modality's units (HU for CT). Zoom 1 fits the image to the screen; pan is
 * in image pixels.
 */
export interface ViewerState {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  windowCenter: number;
  windowWidth: number;
  zoom: number;
  panX: number;
  panY: number;
  invert: boolean;
  findingId: string | null;
}

/** The answer to `join`: the room as it stands. `participants` holds everybody, the joiner too. */
export interface Welcome {
  type: "welcome";
  participantId: string;
  participants: Participant[];
  presenterId: string | null;
  viewer: ViewerState | null;
  seq: number;
}

export type ClientMessage = Join | DescriptionMessage | CandidateMessage | SetViewer | SetPointer | TakePresenter | SetMedia;

export type ServerMessage = Welcome | Joined | Left | DescriptionMessage | CandidateMessage | ViewerChanged | PointerMoved | PresenterChanged | MediaChanged | ErrorMessage;
