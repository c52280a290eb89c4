/**
 * The two RTCPeerConnections of one stay in a room. Only here is RTCPeerConnection touched.
 *
 * On `send` we offer, once: one place for sound and one for pictures, whatever fills them. On `receive` the
 * server offers, again whenever somebody comes or goes. The server is reachable by everybody and learns our
 * addresses from our checks, so ours are not signalled.
 */
import type { LineDecision } from "./linePolicy";
import type { LineReport, StatsEntry } from "./lineStats";
import type { CandidateMessage, ClientMessage, Connection, SessionDescription } from "./messages";

export interface PeerEvents {
  send: (message: ClientMessage) => void;
  streamAdded: (participantId: string, stream: MediaStream) => void;
  streamRemoved: (participantId: string) => void;
  connected: () => void;
  failed: () => void;
}

interface Tracks {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

export class PeerConnections {
  private readonly outbound: RTCPeerConnection;
  private inbound: RTCPeerConnection | null = null;
  private readonly audio: RTCRtpTransceiver;
  private readonly video: RTCRtpTransceiver;
  private readonly owners = new Map<string, string>();
  private negotiation: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly events: PeerEvents,
    tracks: Tracks,
  ) {
    this.outbound = this.connection();
    // Speech outlives everything else on a bad line: its packets go first.
    this.audio = this.outbound.addTransceiver(tracks.audio ?? "audio", {
      direction: "sendonly",
      sendEncodings: [{ networkPriority: "high", priority: "high" }],
    });
    this.video = this.outbound.addTransceiver(tracks.video ?? "video", {
      direction: "sendonly",
      sendEncodings: [{ networkPriority: "low", priority: "low" }],
    });
    this.enqueue(async () => {
      await this.outbound.setLocalDescription();
      this.describe("send", this.outbound.localDescription);
    });
  }

  /** Send these tracks from now on; null sends nothing. No new negotiation is needed. */
  async setTracks(tracks: Tracks): Promise<void> {
    if (this.isClosed) return;
    await Promise.all([
      this.audio.sender.replaceTrack(tracks.audio),
      this.video.sender.replaceTrack(tracks.video),
    ]);
  }

  /** Send no more than this. Without a picture the others keep the last one on their screens. */
  async limit({ video, audioBps }: Pick<LineDecision, "video" | "audioBps">): Promise<void> {
    if (this.isClosed) return;
    await Promise.all([
      changeEncodings(this.audio.sender, { maxBitrate: audioBps }),
      changeEncodings(
        this.video.sender,
        video === null
          ? { active: false }
          : {
              active: true,
              maxBitrate: video.maxBps,
              maxFramerate: video.framesPerSecond,
              scaleResolutionDownBy: video.scaleDownBy,
            },
      ),
    ]);
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
        await this.outbound.setRemoteDescription(description);
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

  private connection(): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
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
        // The server names each stream by the participant that it comes from.
        this.events.streamAdded(stream.id, stream);
        stream.onremovetrack = () => {
          if (stream.getTracks().length === 0 && !this.isClosed) this.events.streamRemoved(stream.id);
        };
      }
    });
    return connection;
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

async function changeEncodings(sender: RTCRtpSender, change: Partial<RTCRtpEncodingParameters>): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) Object.assign(encoding, change);
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    // Closed meanwhile, or a browser that cannot: the browser's own congestion control remains.
    console.warn("the senders stay as they are", error);
  }
}

function entriesOf(report: RTCStatsReport | undefined): StatsEntry[] {
  const entries: StatsEntry[] = [];
  report?.forEach((entry: StatsEntry) => entries.push(entry));
  return entries;
}
