/**
 * One participant's session in a room: signaling, shared viewer state, sound and pictures.
 *
 * A lost line comes back by itself. Within the server's window the stay goes on: sound and pictures were never
 * gone, and each side sends what the other missed. After it we join anew, with a new token; what the viewer
 * showed stays. Where a relay does not answer, the room may be at another. Closures: `close` ends the socket, both
 * peer connections and all timers, and may be called twice. The local stream belongs to whoever opened the camera.
 */
import { type Readable, Store } from "../viewer/store";
import { latestOfEach } from "./latestOfEach";
import { latestOnly } from "./latestOnly";
import type { Word } from "./linePolicy";
import { type LineView, LineWatch } from "./lineWatch";
import type {
  ClientMessage,
  ErrorCode,
  IceServer,
  ImageMeasurement,
  Participant as WireParticipant,
  Pointer,
  Right,
  ServerMessage,
  SharedMeasurement,
  ViewerState,
  WaitingPerson,
} from "./messages";
import { OwnMedia } from "./ownMedia";
import { PeerConnections } from "./peerConnections";
import {
  type Action,
  INITIAL,
  isOtherPictureAlone,
  may,
  mayShow,
  presents,
  reduce,
  type RoomState,
  screenOf,
  type SessionErrorCode,
  type SessionStatus,
} from "./reducer";
import { ResumableSocket } from "./resumableSocket";
import { Retries } from "./retries";
import type { Participant, Session, SessionState } from "./sessionState";
import type { Handover, Moderation, PresentingStep, RecordingStep, Step, StillStep } from "./steps";
import { WatchedPictures } from "./watchedPictures";

export type { ImageMeasurement, LineView, Pointer, Right, SessionErrorCode, SessionStatus, SharedMeasurement, ViewerState, WaitingPerson, Word };
export type { Handover, Moderation, Participant, PresentingStep, RecordingStep, Session, SessionState, StillStep };

export interface SessionOptions {
  /** A new join token each time it is called, and the WebSocket URL of the relay that has the room. */
  fetchTicket: () => Promise<{ url: string; token: string }>;
  /** That URL alone. */
  fetchUrl: () => Promise<string>;
  localStream: MediaStream | null;
  /** A moderator has switched our microphone off; only we switch it on again. */
  onMuted?: () => void;
}

const VIEWER_SPACING_MS = 33;
const POINTER_SPACING_MS = 40;
/** A page is told of what is shown this often: who follows the picture itself reads `viewer`. Of another picture alone it
 * is told afterwards: drawing the page first would hold up the picture. */
const TOLD_SPACING_MS = 100;
const MEASUREMENT_SPACING_MS = 100;
/** After so many failures in a row the session goes on without sound and pictures. */
const MEDIA_TRIES = 3;
/** What another try cannot change. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "replaced", "room-full", "room-locked", "room-over", "removed", "declined", "bad-message", "not-allowed", "flooded",
]);

/** Whether this browser knows WebRTC; without it the images are shared all the same. */
export const canCall = (): boolean => typeof RTCPeerConnection !== "undefined";

export function openSession(options: SessionOptions): Session {
  return new RoomSession(options);
}

class RoomSession implements Session {
  private room: RoomState = INITIAL;
  private state: SessionState;
  private readonly listeners = new Set<() => void>();
  private readonly tellCalmly = latestOnly<null>(() => this.tell(), TOLD_SPACING_MS);
  readonly viewer = new Store<ViewerState | null>(INITIAL.viewer);
  private readonly socket: ResumableSocket;
  private peers: PeerConnections | null = null;
  private readonly watch = new LineWatch(
    (word) => {
      this.send({ type: "line", word });
    },
    () => this.leaveIfMoved(),
  );
  private readonly own: OwnMedia;
  private readonly retries = new Retries(() => void this.connect());
  private mediaFailures = 0;
  private readonly viewerOut = latestOnly<ViewerState>((state) => this.send({ type: "viewer", state }), VIEWER_SPACING_MS);
  private readonly pointerOut = latestOnly<Pointer | null>((pointer) => {
    this.send({ type: "pointer", pointer });
  }, POINTER_SPACING_MS);

  private readonly measurementsOut = latestOfEach<ImageMeasurement>((measurement) => {
    this.send({ type: "measurement", measurement });
  }, MEASUREMENT_SPACING_MS);
  private readonly watched = new WatchedPictures((message) => this.send(message));

  constructor(private readonly options: SessionOptions) {
    this.own = new OwnMedia(options.localStream);
    this.socket = new ResumableSocket({
      received: (message) => {
        this.receive(message);
      },
      lost: (end) => {
        if (end !== null && FINAL.has(end)) this.end(end);
        else if (end === "cannot-resume") this.joinAnew();
        else this.lose(end === "server-closing" ? null : end);
      },
      unanswered: () => void this.followRoom(),
    });
    this.state = this.compose();
    if (!canCall()) this.dispatch({ kind: "failed", error: "no-webrtc" });
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
    this.dispatch({ kind: "showed", state });
    this.viewerOut.send(state);
  }

  sendPointer(pointer: Pointer | null): void {
    this.pointerOut.send(pointer);
  }

  sendMeasurement(measurement: ImageMeasurement): void {
    this.measurementsOut.send(measurement.id, measurement);
  }

  removeMeasurements(ids: readonly string[]): void {
    for (const id of ids) this.measurementsOut.drop(id);
    this.send({ type: "removeMeasurements", ids: [...ids] });
  }

  sizePicture(participantId: string, sidePx: number | null): void {
    this.watched.size(participantId, sidePx, this.room.status === "connected");
  }

  takePresenter(): void {
    this.send({ type: "takePresenter" });
  }

  step(step: Step): void {
    this.send(step);
  }

  setMedia(media: { audio: boolean; video: boolean }): void {
    this.own.wanted = { audio: media.audio, video: media.video };
    void this.applyMedia();
  }

  async setLocalStream(stream: MediaStream | null): Promise<void> {
    this.own.stream = stream;
    await this.applyMedia();
  }

  async setScreen(stream: MediaStream | null): Promise<void> {
    this.own.screen = stream;
    await this.applyMedia();
  }

  close(): void {
    this.end(null);
  }

  private async connect(): Promise<void> {
    if (this.socket.hasStay) {
      this.socket.resume();
      return;
    }
    let ticket: { url: string; token: string };
    try {
      ticket = await this.options.fetchTicket();
    } catch {
      this.lose("no-token");
      return;
    }
    if (!this.isClosed) this.socket.join(ticket.url, ticket.token);
  }

  /** To another relay, if the room is there by now; else try this one again. */
  private async followRoom(): Promise<void> {
    const url = await this.options.fetchUrl().catch(() => null);
    if (this.isClosed || this.retries.isPending) return;
    if (url === null || url === this.socket.url) this.lose(null);
    else this.joinAnew();
  }

  /** A relay that hangs closes no socket: when nothing comes from it, the room may be at another by now. */
  private async leaveIfMoved(): Promise<void> {
    const { peers } = this;
    const url = await this.options.fetchUrl().catch(() => null);
    if (url === null || url === this.socket.url || this.peers !== peers || this.retries.isPending) return;
    this.joinAnew();
  }

  private receive(message: ServerMessage): void {
    const before = this.room;
    const known = before.viewer;
    this.dispatch({ kind: "received", message });
    switch (message.type) {
      case "welcome":
        this.retries.succeeded();
        this.openMedia(message.iceServers);
        this.watch.sayWord();
        this.watched.tell();
        // A server that knows of no state gets it from the first who may show what everybody saw.
        if (message.viewer === null && known !== null && mayShow(this.room)) {
          this.viewerOut.send(known);
        }
        break;
      case "resumed":
        this.retries.succeeded();
        this.peers?.setIceServers(message.iceServers);
        break;
      case "muted":
        this.own.wanted = { ...this.own.wanted, audio: false };
        void this.applyMedia();
        this.options.onMuted?.();
        break;
      case "wanted":
        void this.peers?.want(message);
        break;
      case "description":
        this.peers?.takeDescription(message.connection, message.description);
        break;
      case "candidate":
        this.peers?.takeCandidate(message);
        break;
      case "presenter":
        if (!mayShow(this.room)) this.viewerOut.cancel();
        // Whoever begins to present shows what is on their screen: the room may have seen something later of theirs.
        else if (known !== null && presents(this.room) && !presents(before)) this.viewerOut.send(known);
        break;
      case "error":
        if (message.code === "media-failed") this.mediaFailed();
        break;
      default:
        break;
    }
  }

  private joinAnew(): void {
    this.dropConnection();
    this.dispatch({ kind: "lost", error: null, held: false });
    void this.connect();
  }

  private openMedia(iceServers: IceServer[]): void {
    this.peers?.close();
    this.peers = null;
    this.sayMedia();
    if (!canCall()) {
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
          if (this.peers !== peers) return;
          // Who only listens makes no offer; the connection for it stays unused.
          const offers = message.type === "description" && message.connection === "send";
          if (!offers || may(this.room, "send-media")) this.send(message);
        },
        streamAdded: (streamId, stream) => {
          this.dispatch({ kind: "streamAdded", streamId, stream });
        },
        streamRemoved: (streamId) => {
          this.dispatch({ kind: "streamRemoved", streamId });
        },
        connected: () => {
          this.mediaFailures = 0;
        },
        failed: () => {
          if (this.peers === peers) this.mediaFailed();
        },
      },
      this.own.tracks(this.room),
      iceServers,
    );
    this.peers = peers;
    this.watch.follow(peers);
  }

  /** A new stay, since neither side can repair a connection that is gone; the viewer stays as it is. */
  private mediaFailed(): void {
    if (this.peers === null) return;
    this.mediaFailures += 1;
    this.dropConnection();
    this.lose("media-failed");
  }

  private async applyMedia(): Promise<void> {
    this.sayMedia();
    await this.peers?.setTracks(this.own.tracks(this.room));
  }

  private sayMedia(): void {
    const media = this.own.switchedOn(this.room);
    this.dispatch({ kind: "switched", media });
    if (may(this.room, "send-media")) this.send({ type: "media", ...media });
  }

  /** Try again after a pause: to go on with the stay where there is one, to join anew if not. */
  private lose(error: SessionErrorCode | null): void {
    if (this.isClosed || this.retries.isPending) return;
    const held = this.socket.hasStay;
    if (!held) this.dropConnection();
    this.dispatch({ kind: "lost", error, held });
    this.retries.plan();
  }

  private end(error: SessionErrorCode | null): void {
    if (this.isClosed) return;
    this.retries.close();
    this.watch.close();
    this.dropConnection();
    this.dispatch({ kind: "closed", error });
    this.listeners.clear();
  }

  private dropConnection(): void {
    this.socket.leave();
    this.viewerOut.cancel();
    this.pointerOut.cancel();
    this.measurementsOut.cancel();
    this.watched.cancel();
    this.watch.follow(null);
    this.peers?.close();
    this.peers = null;
  }

  private get isClosed(): boolean {
    return this.room.status === "closed";
  }

  private send(message: ClientMessage): void {
    this.socket.send(message);
  }

  private dispatch(action: Action): void {
    const next = reduce(this.room, action);
    if (next === this.room && action.kind !== "switched") return;
    const before = this.room.viewer;
    this.room = next;
    this.state = this.compose();
    this.viewer.set(next.viewer);
    if (action.kind === "showed" || (action.kind === "received" && action.message.type === "viewer")) {
      if (isOtherPictureAlone(before, next.viewer)) this.tellCalmly.sendLater(null);
      else this.tellCalmly.send(null);
      return;
    }
    this.tellCalmly.cancel();
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private compose(): SessionState {
    const { participants, streams, selfId, ...room } = this.room;
    const withStreams = (one: WireParticipant): Participant => {
      const stream = one.id === selfId ? this.own.stream : (streams[one.id] ?? null);
      const screen = one.id === selfId ? this.own.screen : (streams[screenOf(one.id)] ?? null);
      return { ...one, stream, screenStream: one.screen ? screen : null };
    };
    return { ...room, selfId, participants: participants.map(withStreams) };
  }
}
