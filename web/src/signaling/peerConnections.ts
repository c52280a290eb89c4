/**
 * The two RTCPeerConnections of one stay in a room. Only here is RTCPeerConnection touched.
 *
 * On `send` we offer: one place for sound and one for pictures, whatever fills them, and one more for a screen
 * from the first time that it is shared. On `receive` the server offers, again whenever somebody comes or goes.
 * The server learns our addresses from our checks, so ours are not signalled. Where UDP does not get through to
 * it, ICE finds the way over TURN by itself.
 */
import { encodingsOf, LAYERS } from "./layers";
import { decide, FIRST_POLICY, type LineDecision } from "./linePolicy";
import type { LineReport, StatsEntry } from "./lineStats";
import { inForm, isSameForm, type SpeechForm } from "./speechForm";
import type {
  CandidateMessage,
  ClientMessage,
  Connection,
  IceServer,
  SessionDescription,
  WantedEncodings,
} from "./messages";

export interface PeerEvents {
  send: (message: ClientMessage) => void;
  /** The server names each stream by the participant that it comes from (`screenOf`: a shared screen). */
  streamAdded: (streamId: string, stream: MediaStream) => void;
  streamRemoved: (streamId: string) => void;
  connected: () => void;
  failed: () => void;
}

type Limits = Pick<LineDecision, "video" | "screen" | "audioBps" | "copies">;

export interface Tracks {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
}

/** Of a camera that does not say its size: what we ask for. */
const USUAL_CAMERA_PX = 640;
/** Of sounds that are not speech (`contentHint`), where the line has room for pictures too. */
const MUSIC_BPS = 64_000;

export class PeerConnections {
  private readonly outbound: RTCPeerConnection;
  private inbound: RTCPeerConnection | null = null;
  private readonly audio: RTCRtpTransceiver;
  private readonly video: RTCRtpTransceiver;
  private screen: RTCRtpTransceiver | null = null;
  private readonly owners = new Map<string, string>();
  private negotiation: Promise<void> = Promise.resolve();
  /** As the last answer was taken; null before the first. */
  private soundForm: SpeechForm | null = null;
  private isClosed = false;
  private limits: Limits = decide(FIRST_POLICY);
  private wanted: ReadonlySet<string> = new Set(LAYERS.map(({ rid }) => rid));

  constructor(
    private readonly events: PeerEvents,
    tracks: Tracks,
    private iceServers: IceServer[],
  ) {
    this.outbound = this.connection();
    // Speech outlives everything else on a bad line: its packets go first.
    this.audio = this.outbound.addTransceiver(tracks.audio ?? "audio", {
      direction: "sendonly",
      sendEncodings: [{ networkPriority: "high", priority: "high" }],
    });
    this.video = this.outbound.addTransceiver(tracks.video ?? "video", {
      direction: "sendonly",
      sendEncodings: encodingsOf(sideOf(tracks.video), this.limits.video, this.wanted).map((encoding) => ({
        ...encoding,
        networkPriority: "low",
        priority: "low",
      })),
    });
    // Told at the beginning, and whenever a screen comes or goes; never while an offer is out.
    this.outbound.addEventListener("negotiationneeded", () => this.offer());
    void this.showScreen(tracks.screen);
  }

  /** For connections that are made or restarted from now on; those that stand keep what they have. */
  setIceServers(iceServers: IceServer[]): void {
    if (this.isClosed) return;
    this.iceServers = iceServers;
    for (const connection of [this.outbound, this.inbound]) {
      connection?.setConfiguration({ ...connection.getConfiguration(), iceServers });
    }
  }

  /** Send these tracks from now on; null sends nothing. Only a screen needs a new negotiation. */
  async setTracks(tracks: Tracks): Promise<void> {
    if (this.isClosed) return;
    await Promise.all([
      this.audio.sender.replaceTrack(tracks.audio),
      this.video.sender.replaceTrack(tracks.video),
      this.showScreen(tracks.screen),
    ]);
    await Promise.all([this.applySoundLimit(), this.applyLayers()]);
  }

  /** Send no more than this. Without a picture the others keep the last one on their screens. */
  async limit(limits: Limits): Promise<void> {
    this.limits = limits;
    await Promise.all([
      this.applySoundLimit(),
      this.applyLayers(),
      this.applyScreenLimits(),
    ]);
  }

  /** Send only the sizes that somebody watches. */
  async want({ mid, rids }: WantedEncodings): Promise<void> {
    if (mid !== this.video.mid) return;
    this.wanted = new Set(rids);
    await this.applyLayers();
  }

  async statistics(): Promise<LineReport> {
    const [outbound, inbound] = await Promise.all([this.outbound.getStats(), this.inbound?.getStats()]);
    return { outbound: entriesOf(outbound), inbound: entriesOf(inbound) };
  }

  /** Whose track this is. */
  ownerOf(trackId: string): string | null {
    return this.owners.get(trackId) ?? null;
  }

  takeDescription(connection: Connection, description: SessionDescription): void {
    this.enqueue(async () => {
      if (connection === "send") {
        const form = this.formOfSound();
        await this.outbound.setRemoteDescription({ ...description, sdp: inForm(description.sdp, form) });
        this.soundForm = form;
        this.followForm();
        return;
      }
      this.inbound ??= this.receiving();
      await this.inbound.setRemoteDescription(description);
      await this.inbound.setLocalDescription();
      this.describe("receive", this.inbound.localDescription);
    });
  }

  takeCandidate({ connection, candidate, sdpMid, sdpMLineIndex }: CandidateMessage): void {
    this.enqueue(async () => {
      const target = connection === "send" ? this.outbound : this.inbound;
      await target?.addIceCandidate({ candidate, sdpMid, sdpMLineIndex });
    });
  }

  close(): void {
    this.isClosed = true;
    this.outbound.close();
    this.inbound?.close();
  }

  private async applySoundLimit(): Promise<void> {
    const { audioBps, video } = this.limits;
    const hasRoom = this.isMusic() && video !== null;
    await this.change(this.audio.sender, () => ({ maxBitrate: hasRoom ? MUSIC_BPS : audioBps }));
    this.followForm();
  }

  private isMusic(): boolean {
    return this.audio.sender.track?.contentHint === "music";
  }

  /** Heart and lung sounds are quieter than what speech takes for silence, and already have twice the bit rate. */
  private formOfSound(): SpeechForm {
    const isMusic = this.isMusic();
    return { copies: this.limits.copies && !isMusic, pauses: !isMusic };
  }

  /** Only an answer changes the form, so a change asks for one. */
  private followForm(): void {
    if (this.soundForm !== null && !isSameForm(this.soundForm, this.formOfSound())) this.offer();
  }

  /** Not while an offer is out: what is still needed after its answer is offered then. */
  private offer(): void {
    this.enqueue(async () => {
      if (this.outbound.signalingState !== "stable") return;
      await this.outbound.setLocalDescription();
      this.describe("send", this.outbound.localDescription);
    });
  }

  private async applyLayers(): Promise<void> {
    const layers = encodingsOf(sideOf(this.video.sender.track), this.limits.video, this.wanted);
    await this.change(this.video.sender, ({ rid }) => layers.find((layer) => layer.rid === rid));
  }

  /** A browser that took one encoding only has given it no name, and keeps it as it is. */
  private async change(
    sender: RTCRtpSender,
    changeOf: (encoding: RTCRtpEncodingParameters) => Partial<RTCRtpEncodingParameters> | undefined,
  ): Promise<void> {
    if (this.isClosed) return;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) Object.assign(encoding, changeOf(encoding));
    try {
      await sender.setParameters(parameters);
    } catch (error) {
      // Closed meanwhile, or a browser that cannot: the browser's own congestion control remains.
      console.warn("the senders stay as they are", error);
    }
  }

  private connection(): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
    connection.addEventListener("connectionstatechange", () => {
      if (this.isClosed) return;
      if (connection.connectionState === "failed") this.events.failed();
      if (connection.connectionState === "connected") this.events.connected();
    });
    return connection;
  }

  private receiving(): RTCPeerConnection {
    const connection = this.connection();
    connection.addEventListener("track", ({ track, streams }) => {
      for (const stream of streams) {
        this.owners.set(track.id, stream.id);
        this.events.streamAdded(stream.id, stream);
        stream.onremovetrack = () => {
          if (stream.getTracks().length === 0 && !this.isClosed) this.events.streamRemoved(stream.id);
        };
      }
    });
    return connection;
  }

  private async showScreen(track: MediaStreamTrack | null): Promise<void> {
    if (this.screen === null) {
      if (track === null) return;
      this.screen = this.outbound.addTransceiver(track, {
        direction: "sendonly",
        sendEncodings: [{ networkPriority: "low", priority: "low" }],
      });
    } else {
      // An inactive place is taken off the others' screens, one that is only empty is not.
      this.screen.direction = track === null ? "inactive" : "sendonly";
      await this.screen.sender.replaceTrack(track);
    }
    await this.applyScreenLimits();
  }

  private async applyScreenLimits(): Promise<void> {
    const { screen: limits } = this.limits;
    if (this.screen === null) return;
    await this.change(this.screen.sender, () =>
      limits === null
        ? { active: false }
        : { active: true, maxBitrate: limits.maxBps, maxFramerate: limits.framesPerSecond },
    );
  }

  private describe(connection: Connection, description: RTCSessionDescription | null): void {
    if (description === null || description.type === "rollback" || description.type === "pranswer") return;
    this.events.send({
      type: "description",
      connection,
      description: { type: description.type, sdp: description.sdp },
    });
  }

  /** One step of negotiation after the other; one that fails ends this stay's media, not the page. */
  private enqueue(step: () => Promise<void>): void {
    this.negotiation = this.negotiation.then(async () => {
      if (this.isClosed) return;
      try {
        await step();
      } catch (error) {
        if (this.isClosed) return;
        console.error("negotiation failed", error);
        this.events.failed();
      }
    });
  }
}

/** The longer side of a camera's picture, in pixels. */
function sideOf(track: MediaStreamTrack | null): number {
  const { width = 0, height = 0 } = track?.getSettings() ?? {};
  return Math.max(width, height) || USUAL_CAMERA_PX;
}

function entriesOf(report: RTCStatsReport | undefined): StatsEntry[] {
  const entries: StatsEntry[] = [];
  report?.forEach((entry: StatsEntry) => entries.push(entry));
  return entries;
}
