/** What is known of the room, as a pure function of what was heard and done. */
import type {
  ErrorCode,
  Participant as WireParticipant,
  Pointer,
  RecordingState,
  Right,
  ServerMessage,
  SharedMeasurement,
  StillTaken,
  ViewerState,
  WaitingPerson,
  Welcome,
} from "./messages";

/** Codes of the server, and two of our own: no token to be had, and no WebRTC in this browser. */
export type SessionErrorCode = ErrorCode | "no-token" | "no-webrtc" | "unreachable";
/** Who is `waiting` is let in by a moderator. */
export type SessionStatus = "connecting" | "waiting" | "connected" | "reconnecting" | "closed";

export interface RoomState {
  status: SessionStatus;
  selfId: string | null;
  participants: readonly WireParticipant[];
  /** By their names: a participant's id, or `screenOf` it. */
  streams: Readonly<Record<string, MediaStream>>;
  /** One's own. */
  rights: readonly Right[];
  presenterId: string | null;
  /** Who speaks, or spoke last. */
  speakerId: string | null;
  viewer: ViewerState | null;
  seq: number;
  pointers: Readonly<Record<string, Pointer>>;
  /** By their ids, the oldest first: what the room has, which is what all have. */
  measurements: Readonly<Record<string, SharedMeasurement>>;
  /** Those of one's own that somebody else has taken away last. */
  takenAway: readonly string[];
  /** The presenter has just refused to hand over to us. */
  isRefused: boolean;
  locked: boolean;
  /** Who waits to be let in, as moderators know it. */
  waiting: readonly WaitingPerson[];
  recording: RecordingState;
  /** The last still picture that was told of in this room. */
  lastStill: StillTaken | null;
  error: { code: SessionErrorCode } | null;
}

export const NOT_RECORDED: RecordingState = { status: "off", askedBy: null, awaiting: [], ended: null };

/** What somebody has switched on. */
export type Media = Pick<WireParticipant, "audio" | "video" | "screen">;

/** The name of somebody's shared screen among the streams (SCREEN_SUFFIX in signaling/media.py). */
export const screenOf = (participantId: string) => `${participantId}#screen`;

export const INITIAL: RoomState = {
  status: "connecting",
  selfId: null,
  participants: [],
  streams: {},
  rights: [],
  presenterId: null,
  speakerId: null,
  viewer: null,
  seq: 0,
  pointers: {},
  measurements: {},
  takenAway: [],
  isRefused: false,
  locked: false,
  waiting: [],
  recording: NOT_RECORDED,
  lastStill: null,
  error: null,
};

export type Action =
  | { kind: "received"; message: ServerMessage }
  /** A stay that is `held` may go on when the line is back; of another nothing is left. */
  | { kind: "lost"; error: SessionErrorCode | null; held: boolean }
  | { kind: "closed"; error: SessionErrorCode | null }
  | { kind: "failed"; error: SessionErrorCode }
  | { kind: "showed"; state: ViewerState }
  | { kind: "switched"; media: Media }
  | { kind: "streamAdded"; streamId: string; stream: MediaStream }
  | { kind: "streamRemoved"; streamId: string };

export function reduce(state: RoomState, action: Action): RoomState {
  switch (action.kind) {
    case "received":
      return receive(state, action.message);
    case "lost": {
      // Who was never in has no line to get back: nobody answered, or this address is not let in.
      const error = action.error ?? (state.selfId === null ? "unreachable" : null);
      // What was on screen stays there. Faces and pointers stay with a stay that is held.
      return {
        ...state,
        status: state.selfId === null ? "connecting" : "reconnecting",
        streams: action.held ? state.streams : {},
        pointers: action.held ? state.pointers : {},
        error: error === null ? state.error : { code: error },
      };
    }
    case "closed":
      return {
        ...state,
        status: "closed",
        participants: [],
        streams: {},
        pointers: {},
        waiting: [],
        recording: NOT_RECORDED,
        error: action.error === null ? null : { code: action.error },
      };
    case "failed":
      return { ...state, error: { code: action.error } };
    case "showed":
      return mayShow(state) ? { ...state, viewer: action.state } : state;
    case "switched":
      return withMedia(state, state.selfId, action.media);
    case "streamAdded":
      return { ...state, streams: { ...state.streams, [action.streamId]: action.stream } };
    case "streamRemoved":
      return { ...state, streams: without(state.streams, action.streamId) };
  }
}

/** Whether between two states only the slice of a stack, or how it lies, has changed: nothing that is drawn around it. */
export const isOtherPictureAlone = (before: ViewerState | null, next: ViewerState | null): boolean =>
  before?.layout === "stack" &&
  next?.layout === "stack" &&
  before.studyInstanceUid === next.studyInstanceUid &&
  before.seriesInstanceUid === next.seriesInstanceUid &&
  before.findingId === next.findingId &&
  before.tool === next.tool;

export const may = (state: RoomState, right: Right) => state.rights.includes(right);

export const presents = ({ presenterId, selfId }: Pick<RoomState, "presenterId" | "selfId">) => selfId !== null && presenterId === selfId;

/** Where nobody presents, whoever may and shows something presents. */
export const mayShow = (state: RoomState) =>
  may(state, "present") && (state.presenterId === null || presents(state));

function receive(state: RoomState, message: ServerMessage): RoomState {
  switch (message.type) {
    case "waiting":
      return { ...state, status: "waiting", error: null };
    case "resumed":
      return { ...state, status: "connected" };
    case "welcome":
      return {
        ...state,
        status: "connected",
        selfId: message.participantId,
        participants: message.participants,
        streams: {},
        rights: message.rights,
        presenterId: message.presenterId,
        speakerId: null,
        measurements: byId(message.measurements),
        // What was ours and is no longer there was cleared while we were away, unless the server started anew.
        takenAway: message.viewer === null && state.viewer !== null ? [] : lost(state, message),
        isRefused: false,
        // A server that started anew knows of no state: ours is kept.
        viewer: message.viewer ?? state.viewer,
        seq: message.seq,
        pointers: {},
        locked: message.locked,
        waiting: message.waiting,
        recording: message.recording,
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
      // The same one again takes back what we showed too late, when somebody else presented already.
      return message.seq >= state.seq ? { ...state, seq: message.seq, viewer: message.state } : state;
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
    case "askingToPresent":
      return {
        ...state,
        isRefused: message.participantId === state.selfId ? message.refused : state.isRefused,
        participants: state.participants.map((one) =>
          one.id === message.participantId ? { ...one, asksToPresent: message.asks } : one,
        ),
      };
    case "measurement":
      return {
        ...state,
        measurements: { ...state.measurements, [message.shared.measurement.id]: message.shared },
      };
    case "measurementsRemoved": {
      const gone = new Set(message.ids);
      const kept = Object.entries(state.measurements).filter(([id]) => !gone.has(id));
      return {
        ...state,
        measurements: Object.fromEntries(kept),
        takenAway: message.participantId === state.selfId ? state.takenAway : message.ids,
      };
    }
    case "speaker":
      return { ...state, speakerId: message.participantId };
    case "media":
      return withMedia(state, message.participantId, message);
    case "line":
      return {
        ...state,
        participants: state.participants.map((one) =>
          one.id === message.participantId ? { ...one, line: message.word } : one,
        ),
      };
    case "reconnecting":
      return {
        ...state,
        participants: state.participants.map((one) =>
          one.id === message.participantId ? { ...one, reconnecting: message.reconnecting } : one,
        ),
      };
    case "lock":
      return { ...state, locked: message.locked };
    case "waitingRoom":
      return { ...state, waiting: message.waiting };
    case "recording":
      return { ...state, recording: message.recording };
    case "stillTaken":
      return { ...state, lastStill: message };
    case "error":
      return { ...state, error: { code: message.code } };
    case "description":
    case "candidate":
    case "muted":
    case "wanted":
      return state;
  }
}

const byId = (all: readonly SharedMeasurement[]) => Object.fromEntries(all.map((one) => [one.measurement.id, one]));

const lost = ({ measurements, selfId }: RoomState, welcome: Welcome): string[] => {
  const present = new Set(welcome.measurements.map((one) => one.measurement.id));
  return Object.values(measurements)
    .filter((one) => one.ownerId === selfId && !present.has(one.measurement.id))
    .map((one) => one.measurement.id);
};

function withMedia(state: RoomState, id: string | null, { audio, video, screen }: Media): RoomState {
  return {
    ...state,
    participants: state.participants.map((one) => (one.id === id ? { ...one, audio, video, screen } : one)),
  };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
