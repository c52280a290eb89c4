/** What is known of the room, as a pure function of what was heard and done. */
import type {
  ErrorCode,
  Participant as WireParticipant,
  Pointer,
  ServerMessage,
  ViewerState,
} from "./messages";

/** Codes of the server, and two of our own: no token to be had, and no WebRTC in this browser. */
export type SessionErrorCode = ErrorCode | "no-token" | "no-webrtc";
export type SessionStatus = "connecting" | "connected" | "reconnecting" | "closed";

export interface RoomState {
  status: SessionStatus;
  selfId: string | null;
  participants: readonly WireParticipant[];
  streams: Readonly<Record<string, MediaStream>>;
  presenterId: string | null;
  viewer: ViewerState | null;
  seq: number;
  pointers: Readonly<Record<string, Pointer>>;
  error: { code: SessionErrorCode } | null;
}

export const INITIAL: RoomState = {
  status: "connecting",
  selfId: null,
  participants: [],
  streams: {},
  presenterId: null,
  viewer: null,
  seq: 0,
  pointers: {},
  error: null,
};

export type Action =
  | { kind: "received"; message: ServerMessage }
  | { kind: "lost"; error: SessionErrorCode | null }
  | { kind: "closed"; error: SessionErrorCode | null }
  | { kind: "failed"; error: SessionErrorCode }
  | { kind: "showed"; state: ViewerState }
  | { kind: "switched"; audio: boolean; video: boolean }
  | { kind: "streamAdded"; participantId: string; stream: MediaStream }
  | { kind: "streamRemoved"; participantId: string };

export function reduce(state: RoomState, action: Action): RoomState {
  switch (action.kind) {
    case "received":
      return receive(state, action.message);
    case "lost":
      // What was on screen stays there; the others' faces and pointers are gone until we are back.
      return {
        ...state,
        status: state.selfId === null ? "connecting" : "reconnecting",
        streams: {},
        pointers: {},
        error: action.error === null ? state.error : { code: action.error },
      };
    case "closed":
      return {
        ...state,
        status: "closed",
        participants: [],
        streams: {},
        pointers: {},
        error: action.error === null ? null : { code: action.error },
      };
    case "failed":
      return { ...state, error: { code: action.error } };
    case "showed":
      return mayShow(state) ? { ...state, viewer: action.state } : state;
    case "switched":
      return withMedia(state, state.selfId, action.audio, action.video);
    case "streamAdded":
      return { ...state, streams: { ...state.streams, [action.participantId]: action.stream } };
    case "streamRemoved":
      return { ...state, streams: without(state.streams, action.participantId) };
  }
}

/** Where nobody presents, whoever shows something presents; the server refuses those who may not. */
export const mayShow = (state: RoomState) => state.presenterId === null || state.presenterId === state.selfId;

function receive(state: RoomState, message: ServerMessage): RoomState {
  switch (message.type) {
    case "welcome":
      return {
        ...state,
        status: "connected",
        selfId: message.participantId,
        participants: message.participants,
        presenterId: message.presenterId,
        // A server that started anew knows of no state: ours is kept.
        viewer: message.viewer ?? state.viewer,
        seq: message.seq,
        pointers: {},
        error: null,
      };
    case "joined":
      return {
        ...state,
        participants: [
          ...state.participants.filter(({ id }) => id !== message.participant.id),
          message.participant,
        ],
      };
    case "left":
      return {
        ...state,
        participants: state.participants.filter(({ id }) => id !== message.participantId),
        pointers: without(state.pointers, message.participantId),
      };
    case "viewer":
      return message.seq > state.seq ? { ...state, seq: message.seq, viewer: message.state } : state;
    case "pointer":
      return {
        ...state,
        pointers:
          message.pointer === null
            ? without(state.pointers, message.participantId)
            : { ...state.pointers, [message.participantId]: message.pointer },
      };
    case "presenter":
      return { ...state, presenterId: message.participantId };
    case "media":
      return withMedia(state, message.participantId, message.audio, message.video);
    case "error":
      return { ...state, error: { code: message.code } };
    case "description":
    case "candidate":
      return state;
  }
}

function withMedia(state: RoomState, id: string | null, audio: boolean, video: boolean): RoomState {
  return {
    ...state,
    participants: state.participants.map((one) => (one.id === id ? { ...one, audio, video } : one)),
  };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
