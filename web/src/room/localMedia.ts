/** Owns the user's own camera and microphone: opens, switches, mutes and releases them. */
import { Store } from "../viewer/store";
import { AUDIO, deviceFault, VIDEO, type DeviceFault, type DeviceKind } from "./devices";

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
}

const CLOSED: DeviceState = { wanted: true, fault: null, deviceId: null, choices: [] };
const KINDS: readonly DeviceKind[] = ["audio", "video"];

const constraintsFor = (kind: DeviceKind, deviceId: string | null): MediaTrackConstraints => ({
  ...(kind === "audio" ? AUDIO : VIDEO),
  ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
});

const tracksOf = (stream: MediaStream | null, kind: DeviceKind) =>
  stream === null ? [] : kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();

export const isSending = (state: LocalMediaState, kind: DeviceKind) =>
  state[kind].wanted && tracksOf(state.stream, kind).some((track) => track.readyState === "live");

export class LocalMedia {
  readonly state = new Store<LocalMediaState>({ phase: "idle", stream: null, audio: CLOSED, video: CLOSED });
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
  }

  /** Use another device of a kind. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#patch(kind, { deviceId });
    const track = await this.#openOne(kind);
    if (track === null) return;
    const { stream } = this.state.get();
    for (const old of tracksOf(stream, kind)) old.stop();
    this.#use([...(stream?.getTracks() ?? []).filter((each) => each.kind !== kind), track]);
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
    this.#release();
    this.state.set({ ...this.state.get(), phase: "idle", stream: null });
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
    this.state.set({ ...state, stream: tracks.length === 0 ? null : new MediaStream(tracks) });
  }

  /** One question to the user for both; when that fails, each by itself says which one is at fault. */
  async #bothOrEach(): Promise<MediaStreamTrack[]> {
    const { audio, video } = this.state.get();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: constraintsFor("audio", audio.deviceId),
        video: constraintsFor("video", video.deviceId),
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
        [kind]: constraintsFor(kind, this.state.get()[kind].deviceId),
      });
      this.#patch(kind, { fault: null });
      return stream.getTracks()[0] ?? null;
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
