/** Owns the user's own camera and microphone: opens, switches, mutes and releases them. */
import { Store } from "../viewer/store";
import { AUDIO, AUSCULTATION, deviceFault, VIDEO, type DeviceFault, type DeviceKind } from "./devices";

export interface DeviceState {
  wanted: boolean;
  fault: DeviceFault | null;
  deviceId: string | null;
  choices: readonly { id: string; label: string }[];
}

export interface LocalMediaState {
  phase: "idle" | "asking" | "ready";
  stream: MediaStream | null;
  audio: DeviceState;
  video: DeviceState;
  /** The microphone lets heart and lung sounds through as they are. */
  auscultates: boolean;
  /** Whether the camera's light is on; null: it has none. */
  torch: boolean | null;
}

const CLOSED: DeviceState = { wanted: true, fault: null, deviceId: null, choices: [] };
const KINDS: readonly DeviceKind[] = ["audio", "video"];

const constraintsFor = (kind: DeviceKind, state: LocalMediaState): MediaTrackConstraints => {
  const { deviceId } = state[kind];
  return {
    ...(kind === "video" ? VIDEO : state.auscultates ? AUSCULTATION : AUDIO),
    ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
  };
};

/** Source: MediaStream Image Capture section 12, which TypeScript's DOM does not know. */
interface LightCapabilities extends MediaTrackCapabilities {
  torch?: boolean;
}

const hasLight = (track: MediaStreamTrack | undefined) =>
  (track?.getCapabilities() as LightCapabilities | undefined)?.torch === true;

const tracksOf = (stream: MediaStream | null, kind: DeviceKind) =>
  stream === null ? [] : kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();

export const isSending = (state: LocalMediaState, kind: DeviceKind) =>
  state[kind].wanted && tracksOf(state.stream, kind).some((track) => track.readyState === "live");

export class LocalMedia {
  readonly state = new Store<LocalMediaState>({
    phase: "idle",
    stream: null,
    audio: CLOSED,
    video: CLOSED,
    auscultates: false,
    torch: null,
  });
  #generation = 0;

  /** Ask for both devices; either may fail alone, and the other still works. */
  async open(): Promise<void> {
    const generation = (this.#generation += 1);
    this.state.set({ ...this.state.get(), phase: "asking" });
    const tracks = await this.#bothOrEach();
    if (generation !== this.#generation) {
      for (const track of tracks) track.stop();
      return;
    }
    this.#release();
    this.#use(tracks);
    this.state.set({ ...this.state.get(), phase: "ready" });
    await this.#listDevices();
    // Absent without HTTPS, as below.
    (navigator.mediaDevices as MediaDevices | undefined)?.addEventListener("devicechange", this.#devicesChanged);
  }

  /** Use another device of a kind; if it does not open, the one before it, and the fault says why. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    const former = this.state.get()[kind].deviceId;
    this.#patch(kind, { deviceId });
    if (await this.#reopen(kind)) return;
    const { fault } = this.state.get()[kind];
    this.#patch(kind, { deviceId: former });
    await this.#reopen(kind);
    this.#patch(kind, { fault });
  }

  /** Let heart and lung sounds through, or speech only. */
  async setAuscultates(auscultates: boolean): Promise<void> {
    this.state.set({ ...this.state.get(), auscultates });
    await this.#reopen("audio");
  }

  /** Switch the camera's light, where it has one. */
  async setTorch(torch: boolean): Promise<void> {
    const [camera] = tracksOf(this.state.get().stream, "video");
    try {
      await camera?.applyConstraints({ advanced: [{ torch } as MediaTrackConstraintSet] });
      this.state.set({ ...this.state.get(), torch });
    } catch (error) {
      console.warn("the light stays as it is", error);
    }
  }

  /** Mute without giving the device back: unmuting is then immediate. A device that failed is tried again. */
  async setWanted(kind: DeviceKind, wanted: boolean): Promise<void> {
    this.#patch(kind, { wanted });
    const { stream } = this.state.get();
    const present = tracksOf(stream, kind);
    for (const track of present) track.enabled = wanted;
    if (!wanted || present.some((track) => track.readyState === "live")) return;
    const track = await this.#openOne(kind);
    if (track !== null) this.#use([...(stream?.getTracks() ?? []).filter((each) => each.kind !== kind), track]);
  }

  /** Give both devices back; safe to call twice. */
  close(): void {
    this.#generation += 1;
    (navigator.mediaDevices as MediaDevices | undefined)?.removeEventListener("devicechange", this.#devicesChanged);
    this.#release();
    this.state.set({ ...this.state.get(), phase: "idle", stream: null });
  }

  readonly #devicesChanged = () => void this.#listDevices();

  /** Open the device of a kind anew. A phone opens its cameras one at a time, so the old one goes first. */
  async #reopen(kind: DeviceKind): Promise<boolean> {
    const old = tracksOf(this.state.get().stream, kind);
    if (kind === "video") for (const track of old) track.stop();
    const track = await this.#openOne(kind);
    if (track === null) return false;
    for (const each of old) each.stop();
    const others = (this.state.get().stream?.getTracks() ?? []).filter((each) => each.kind !== kind);
    this.#use([...others, track]);
    return true;
  }

  #patch(kind: DeviceKind, part: Partial<DeviceState>): void {
    const state = this.state.get();
    this.state.set({ ...state, [kind]: { ...state[kind], ...part } });
  }

  #release(): void {
    for (const track of this.state.get().stream?.getTracks() ?? []) track.stop();
  }

  #use(tracks: MediaStreamTrack[]): void {
    const state = this.state.get();
    for (const track of tracks) track.enabled = state[track.kind === "audio" ? "audio" : "video"].wanted;
    const [camera] = tracks.filter((track) => track.kind === "video");
    const torch = hasLight(camera) ? (camera?.getSettings() as { torch?: boolean }).torch === true : null;
    this.state.set({ ...state, torch, stream: tracks.length === 0 ? null : new MediaStream(tracks) });
  }

  /** One question to the user for both; when that fails, each by itself says which one is at fault. */
  async #bothOrEach(): Promise<MediaStreamTrack[]> {
    const state = this.state.get();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: constraintsFor("audio", state),
        video: constraintsFor("video", state),
      });
      for (const kind of KINDS) this.#patch(kind, { fault: null });
      return stream.getTracks();
    } catch {
      const each = await Promise.all(KINDS.map((kind) => this.#openOne(kind)));
      return each.filter((track) => track !== null);
    }
  }

  async #openOne(kind: DeviceKind): Promise<MediaStreamTrack | null> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        [kind]: constraintsFor(kind, this.state.get()),
      });
      // Nobody is to hear of the moment between two cameras.
      if (this.state.get()[kind].fault !== null) this.#patch(kind, { fault: null });
      const track = stream.getTracks()[0] ?? null;
      // Source: mst-content-hint; the senders give it more of the line.
      if (track !== null && kind === "audio" && this.state.get().auscultates) track.contentHint = "music";
      return track;
    } catch (error) {
      this.#patch(kind, { fault: deviceFault(error) });
      return null;
    }
  }

  async #listDevices(): Promise<void> {
    // Absent without HTTPS; the fault of each kind says so already.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    const all = (await devices?.enumerateDevices()) ?? [];
    for (const kind of KINDS) {
      const used = tracksOf(this.state.get().stream, kind)[0]?.getSettings().deviceId ?? null;
      const choices = all
        .filter((device) => device.kind === `${kind}input` && device.deviceId !== "")
        .map((device) => ({ id: device.deviceId, label: device.label }));
      this.#patch(kind, { choices, deviceId: this.state.get()[kind].deviceId ?? used });
    }
  }
}
