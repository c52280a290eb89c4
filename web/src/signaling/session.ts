/**
 * One participant's session in a room: signaling, shared viewer state, sound and pictures.
 *
 * A lost connection comes back by itself, with a new token each time; what the viewer showed stays. Closures:
 * `close` ends the socket, both peer connections and all timers, and may be called twice. The tracks of the
 * local stream belong to whoever opened the camera.
 */
import type { Readable } from "../viewer/store";
import { latestOnly } from "./latestOnly";
import { type LineView, LineWatch } from "./lineWatch";
import {
  type ClientMessage,
  type ErrorCode,
  type Participant as WireParticipant,
  type Pointer,
  type ServerMessage,
  type ViewerState,
} from "./messages";
import { PeerConnections } from "./peerConnections";
import { type Action, INITIAL, mayShow, reduce, type RoomState, type SessionErrorCode, type SessionStatus } from "./reducer";

export type { LineView, Pointer, SessionErrorCode, SessionStatus, ViewerState };

export interface Participant extends WireParticipant {
  /** What arrives from this participant; for oneself, what one sends. */
  stream: MediaStream | null;
}

export interface SessionState {
  status: SessionStatus;
  selfId: string | null;
  /** Everybody in the room, oneself too. */
  participants: Participant[];
  presenterId: string | null;
  viewer: ViewerState | null;
  pointers: Readonly<Record<string, Pointer>>;
  error: { code: SessionErrorCode } | null;
}

export interface Session {
  /** How the line is, renewed each second. */
  readonly line: Readable<LineView>;
  getState(): SessionState;
  subscribe(listener: () => void): () => void;
  sendViewer(state: ViewerState): void;
  sendPointer(pointer: Pointer | null): void;
  takePresenter(): void;
  setMedia(media: { audio: boolean; video: boolean }): void;
  setLocalStream(stream: MediaStream | null): Promise<void>;
  close(): void;
}

export interface SessionOptions {
  /** WebSocket URL of the signaling process. */
  url: string;
  /** A new join token each time it is called. */
  fetchToken: () => Promise<string>;
  localStream: MediaStream | null;
}

const SUBPROTOCOL = "teleconsult.v1";
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const VIEWER_SPACING_MS = 33;
const POINTER_SPACING_MS = 40;
/** After so many failures in a row the session goes on without sound and pictures. */
const MEDIA_TRIES = 3;
/** What another try cannot change. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["replaced", "room-full", "bad-message", "not-allowed"]);

export function openSession(options: SessionOptions): Session {
  return new RoomSession(options);
}

class RoomSession implements Session {
  private room: RoomState = INITIAL;
  private state: SessionState;
  private readonly listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private peers: PeerConnections | null = null;
  private readonly watch = new LineWatch();
  private localStream: MediaStream | null;
  private wanted = { audio: true, video: true };
  private retry: ReturnType<typeof setTimeout> | null = null;
  private pauseMs = FIRST_PAUSE_MS;
  private mediaFailures = 0;
  private lastShown: ViewerState | null = null;
  private readonly viewerOut = latestOnly<ViewerState>((state) => {
    this.send({ type: "viewer", state });
  }, VIEWER_SPACING_MS);
  private readonly pointerOut = latestOnly<Pointer | null>((pointer) => {
    this.send({ type: "pointer", pointer });
  }, POINTER_SPACING_MS);

  constructor(private readonly options: SessionOptions) {
    this.localStream = options.localStream;
    this.state = this.compose();
    window.addEventListener("online", this.reconnectNow);
    if (typeof RTCPeerConnection === "undefined") this.dispatch({ kind: "failed", error: "no-webrtc" });
    void this.connect();
  }

  get line(): Readable<LineView> {
    return this.watch.view;
  }

  getState(): SessionState {
    return this.state;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  sendViewer(state: ViewerState): void {
    if (!mayShow(this.room)) return;
    this.lastShown = state;
    this.dispatch({ kind: "showed", state });
    this.viewerOut.send(state);
  }

  sendPointer(pointer: Pointer | null): void {
    this.pointerOut.send(pointer);
  }

  takePresenter(): void {
    this.send({ type: "takePresenter" });
  }

  setMedia(media: { audio: boolean; video: boolean }): void {
    this.wanted = { audio: media.audio, video: media.video };
    void this.applyMedia();
  }

  async setLocalStream(stream: MediaStream | null): Promise<void> {
    this.localStream = stream;
    await this.applyMedia();
  }

  close(): void {
    this.end(null);
  }

  private async connect(): Promise<void> {
    let token: string;
    try {
      token = await this.options.fetchToken();
    } catch {
      this.lose("no-token");
      return;
    }
    if (this.isClosed) return;
    const socket = new WebSocket(this.options.url, SUBPROTOCOL);
    this.socket = socket;
    let refusal: ErrorCode | null = null;
    socket.onopen = () => {
      this.send({ type: "join", token });
    };
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "error") refusal = message.code;
      this.receive(message);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.socket = null;
      // A private code says that the last error is why (signaling/websocket.py).
      if (code >= 4000 && refusal !== null && FINAL.has(refusal)) this.end(refusal);
      else this.lose(code >= 4000 ? refusal : null);
    };
  }

  private receive(message: ServerMessage): void {
    const known = this.room.viewer;
    this.dispatch({ kind: "received", message });
    switch (message.type) {
      case "welcome":
        this.pauseMs = FIRST_PAUSE_MS;
        this.openMedia();
        if (message.viewer === null && known !== null && this.lastShown !== null && mayShow(this.room)) {
          this.viewerOut.send(this.lastShown);
        }
        break;
      case "description":
        this.peers?.takeDescription(message.connection, message.description);
        break;
      case "candidate":
        this.peers?.takeCandidate(message);
        break;
      case "presenter":
        if (!mayShow(this.room)) this.viewerOut.cancel();
        break;
      case "error":
        if (message.code === "media-failed") this.mediaFailed();
        break;
      default:
        break;
    }
  }

  private openMedia(): void {
    this.peers?.close();
    this.peers = null;
    const media = this.effectiveMedia();
    this.dispatch({ kind: "switched", ...media });
    this.send({ type: "media", ...media });
    if (typeof RTCPeerConnection === "undefined") {
      this.dispatch({ kind: "failed", error: "no-webrtc" });
      return;
    }
    if (this.mediaFailures >= MEDIA_TRIES) {
      this.dispatch({ kind: "failed", error: "media-failed" });
      return;
    }
    const peers: PeerConnections = new PeerConnections(
      {
        send: (message) => {
          if (this.peers === peers) this.send(message);
        },
        streamAdded: (participantId, stream) => {
          this.dispatch({ kind: "streamAdded", participantId, stream });
        },
        streamRemoved: (participantId) => {
          this.dispatch({ kind: "streamRemoved", participantId });
        },
        connected: () => {
          this.mediaFailures = 0;
        },
        failed: () => {
          if (this.peers === peers) this.mediaFailed();
        },
      },
      this.tracks(),
    );
    this.peers = peers;
    this.watch.follow(peers);
  }

  /** A new stay, since neither side can repair a connection that is gone; the viewer stays as it is. */
  private mediaFailed(): void {
    if (this.peers === null) return;
    this.mediaFailures += 1;
    this.socket?.close(1000);
    this.lose("media-failed");
  }

  private async applyMedia(): Promise<void> {
    const media = this.effectiveMedia();
    this.dispatch({ kind: "switched", ...media });
    if (this.room.status === "connected") this.send({ type: "media", ...media });
    await this.peers?.setTracks(this.tracks());
  }

  private effectiveMedia(): { audio: boolean; video: boolean } {
    const stream = this.localStream;
    return {
      audio: this.wanted.audio && (stream?.getAudioTracks().length ?? 0) > 0,
      video: this.wanted.video && (stream?.getVideoTracks().length ?? 0) > 0,
    };
  }

  /** What is sent. A microphone that is off sends silence, so that speech is there at once when it is on. */
  private tracks(): { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } {
    const audio = this.localStream?.getAudioTracks()[0] ?? null;
    const video = this.localStream?.getVideoTracks()[0] ?? null;
    if (audio !== null) audio.enabled = this.wanted.audio;
    if (video !== null) video.enabled = this.wanted.video;
    return { audio, video: this.wanted.video ? video : null };
  }

  private readonly reconnectNow = () => {
    if (this.retry === null) return;
    clearTimeout(this.retry);
    this.retry = null;
    void this.connect();
  };

  private lose(error: SessionErrorCode | null): void {
    if (this.isClosed || this.retry !== null) return;
    this.dropConnection();
    this.dispatch({ kind: "lost", error });
    const pauseMs = this.pauseMs * (0.75 + Math.random() / 2);
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    this.retry = setTimeout(this.reconnectNow, pauseMs);
  }

  private end(error: SessionErrorCode | null): void {
    if (this.isClosed) return;
    window.removeEventListener("online", this.reconnectNow);
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.viewerOut.cancel();
    this.watch.close();
    this.dropConnection();
    this.dispatch({ kind: "closed", error });
    this.listeners.clear();
  }

  private dropConnection(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
    this.pointerOut.cancel();
    this.watch.follow(null);
    this.peers?.close();
    this.peers = null;
  }

  private get isClosed(): boolean {
    return this.room.status === "closed";
  }

  private send(message: ClientMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private dispatch(action: Action): void {
    const next = reduce(this.room, action);
    if (next === this.room && action.kind !== "switched") return;
    this.room = next;
    this.state = this.compose();
    for (const listener of [...this.listeners]) listener();
  }

  private compose(): SessionState {
    const { status, selfId, participants, streams, presenterId, viewer, pointers, error } = this.room;
    const streamOf = (id: string) => (id === selfId ? this.localStream : (streams[id] ?? null));
    return {
      status,
      selfId,
      participants: participants.map((one) => ({ ...one, stream: streamOf(one.id) })),
      presenterId,
      viewer,
      pointers,
      error,
    };
  }
}
