/** Owns the user's own camera and microphone, and names the loudspeaker: opens, switches, mutes and releases them. */
import { Store } from "../viewer/store";
import {
  constraintsFor,
  deviceFault,
  lightOf,
  lightSet,
  mayPass,
  type DeviceFault,
  type DeviceKind,
} from "./devices";
import { meant, remember, remembered, type ChosenKind, type Device } from "./rememberedDevices";

export interface Choice {
  /** The one in use; of loudspeakers null is the system's own choice. */
  deviceId: string | null;
  choices: readonly Device[];
}

export interface DeviceState extends Choice {
  wanted: boolean;
  fault: DeviceFault | null;
}

export interface LocalMediaState {
  phase: "idle" | "asking" | "ready";
  stream: MediaStream | null;
  audio: DeviceState;
  video: DeviceState;
  output: Choice;
  /** The microphone lets heart and lung sounds through as they are. */
  auscultates: boolean;
  /** Whether the camera's light is on; null: it has none. */
  torch: boolean | null;
  torchFailed: boolean;
}

/** What became of a device without the user having asked for it just now, or in vain. */
export type DeviceNews =
  | { what: "fault"; kind: DeviceKind; fault: DeviceFault }
  | { what: "gone"; kind: ChosenKind; label: string }
  | { what: "back"; kind: ChosenKind; label: string };

const CLOSED: DeviceState = { wanted: true, fault: null, deviceId: null, choices: [] };
const KINDS: readonly DeviceKind[] = ["audio", "video"];
const PERMISSIONS = { audio: "microphone", video: "camera" } as const;

const tracksOf = (stream: MediaStream | null, kind: DeviceKind) =>
  stream === null ? [] : kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();

const isOpen = (state: LocalMediaState, kind: DeviceKind) =>
  tracksOf(state.stream, kind).some((track) => track.readyState === "live");

export const isSending = (state: LocalMediaState, kind: DeviceKind) => state[kind].wanted && isOpen(state, kind);

/** Absent without HTTPS and in old browsers; the fault of each kind says so then. */
const mediaDevices = () => navigator.mediaDevices as MediaDevices | undefined;

export class LocalMedia {
  readonly state = new Store<LocalMediaState>({
    phase: "idle",
    stream: null,
    audio: CLOSED,
    video: CLOSED,
    output: { deviceId: null, choices: [] },
    auscultates: false,
    torch: null,
    torchFailed: false,
  });
  readonly news = new Store<DeviceNews | null>(null);
  #generation = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #permissions: PermissionStatus[] = [];

  /** Ask for both devices; either may fail alone, and the other still works. */
  async open(): Promise<void> {
    const generation = (this.#generation += 1);
    this.#set({ phase: "asking" });
    await this.#inTurn(async () => {
      const tracks = await this.#bothOrEach();
      if (generation !== this.#generation) {
        for (const track of tracks) track.stop();
        return;
      }
      this.#release();
      this.#use(tracks);
      this.#set({ phase: "ready" });
      mediaDevices()?.addEventListener("devicechange", this.#devicesChanged);
      await this.#settle();
    });
    await this.#watchPermissions(generation);
  }

  /** Use another device of a kind, and remember it; if it does not open, the one before it, and the fault says why. */
  async choose(kind: ChosenKind, deviceId: string): Promise<void> {
    const device = this.state.get()[kind].choices.find(({ id }) => id === deviceId);
    if (device === undefined) return;
    if (kind === "output") this.#set({ output: { ...this.state.get().output, deviceId } });
    else if (!(await this.#inTurn(() => this.#switchTo(kind, deviceId)))) return;
    remember(kind, { ...device, isMissed: false });
  }

  /** Let heart and lung sounds through, or speech only. */
  async setAuscultates(auscultates: boolean): Promise<void> {
    this.#set({ auscultates });
    const isDone = await this.#inTurn(() => this.#reopen("audio", this.state.get().audio.deviceId));
    if (!isDone) this.#set({ auscultates: !auscultates });
  }

  /** Switch the camera's light, where it has one. */
  async setTorch(torch: boolean): Promise<void> {
    const [camera] = tracksOf(this.state.get().stream, "video");
    try {
      await camera?.applyConstraints(lightSet(torch));
      this.#set({ torch, torchFailed: false });
    } catch {
      this.#set({ torchFailed: true });
    }
  }

  /** Mute without giving the device back: unmuting is then immediate. A device that failed is tried again. */
  async setWanted(kind: DeviceKind, wanted: boolean): Promise<void> {
    this.#patch(kind, { wanted });
    for (const track of tracksOf(this.state.get().stream, kind)) track.enabled = wanted;
    if (wanted) await this.#inTurn(() => this.#reviveOrSay(kind));
  }

  /** What is there now: phones tell of a camera's light only after a while. */
  async look(): Promise<void> {
    await this.#inTurn(() => this.#listDevices());
    this.#set({ torch: lightOf(tracksOf(this.state.get().stream, "video")[0]) });
  }

  /** Give both devices back; safe to call twice. */
  close(): void {
    this.#generation += 1;
    mediaDevices()?.removeEventListener("devicechange", this.#devicesChanged);
    for (const permission of this.#permissions) permission.onchange = null;
    this.#permissions = [];
    this.#release();
    this.#set({ phase: "idle", stream: null });
  }

  readonly #devicesChanged = () =>
    void this.#inTurn(async () => {
      for (const kind of KINDS) if (mayPass(this.state.get()[kind].fault)) await this.#reviveAndSay(kind);
      await this.#settle();
    });

  /** One step after another: a device that goes is an event of its track and one of the list. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #set(part: Partial<LocalMediaState>): void {
    this.state.set({ ...this.state.get(), ...part });
  }

  #patch(kind: DeviceKind, part: Partial<DeviceState>): void {
    this.#set({ [kind]: { ...this.state.get()[kind], ...part } });
  }

  #release(): void {
    for (const track of this.state.get().stream?.getTracks() ?? []) track.stop();
  }

  #use(tracks: MediaStreamTrack[]): void {
    const state = this.state.get();
    for (const track of tracks) track.enabled = state[track.kind === "audio" ? "audio" : "video"].wanted;
    const torch = lightOf(tracks.find((track) => track.kind === "video"));
    this.#set({ torch, torchFailed: false, stream: tracks.length === 0 ? null : new MediaStream(tracks) });
  }

  /** Open what is wanted and not there; false: in vain. */
  async #revive(kind: DeviceKind): Promise<boolean> {
    const state = this.state.get();
    if (!state[kind].wanted || isOpen(state, kind)) return true;
    return await this.#reopen(kind, null);
  }

  async #reviveOrSay(kind: DeviceKind): Promise<void> {
    const isRevived = await this.#revive(kind);
    const { fault } = this.state.get()[kind];
    if (!isRevived && fault !== null) this.news.set({ what: "fault", kind, fault });
    await this.#settle();
  }

  async #reviveAndSay(kind: DeviceKind): Promise<void> {
    const wasOpen = isOpen(this.state.get(), kind);
    if (!wasOpen && (await this.#revive(kind))) {
      const [track] = tracksOf(this.state.get().stream, kind);
      if (track !== undefined) this.news.set({ what: "back", kind, label: track.label });
    }
  }

  /** Unplugged, or taken away in the browser's or the system's settings. */
  async #lose(kind: DeviceKind, lost: MediaStreamTrack): Promise<void> {
    const tracks = this.state.get().stream?.getTracks() ?? [];
    if (!tracks.includes(lost)) return;
    this.#use(tracks.filter((track) => track !== lost));
    await this.#reviveOrSay(kind);
    const [other] = tracksOf(this.state.get().stream, kind);
    if (other !== undefined && other.label !== lost.label) this.news.set({ what: "gone", kind, label: lost.label });
  }

  async #switchTo(kind: DeviceKind, deviceId: string): Promise<boolean> {
    const former = this.state.get()[kind].deviceId;
    if (await this.#reopen(kind, deviceId)) return true;
    const { fault } = this.state.get()[kind];
    if (!(await this.#reopen(kind, former))) {
      this.#use((this.state.get().stream?.getTracks() ?? []).filter((track) => track.readyState === "live"));
    }
    this.#patch(kind, { fault });
    return false;
  }

  /** Open this device of a kind, or any. A phone opens its cameras one at a time, so the old one goes first. */
  async #reopen(kind: DeviceKind, deviceId: string | null): Promise<boolean> {
    const old = tracksOf(this.state.get().stream, kind);
    if (kind === "video") for (const track of old) track.stop();
    const track = await this.#openOne(kind, deviceId);
    if (track === null) return false;
    for (const each of old) each.stop();
    const others = (this.state.get().stream?.getTracks() ?? []).filter((each) => each.kind !== kind);
    this.#use([...others, track]);
    this.#patch(kind, { deviceId: track.getSettings().deviceId ?? deviceId });
    return true;
  }

  /** One question to the user for both; when that fails, each by itself says which one is at fault. */
  async #bothOrEach(): Promise<MediaStreamTrack[]> {
    try {
      const [audio, video] = KINDS.map((kind) => this.#constraints(kind, null));
      const stream = await navigator.mediaDevices.getUserMedia({ audio: audio ?? true, video: video ?? true });
      for (const kind of KINDS) this.#patch(kind, { fault: null });
      return stream.getTracks().map(this.#watched);
    } catch {
      const each = await Promise.all(KINDS.map((kind) => this.#openOne(kind, null)));
      return each.filter((track) => track !== null);
    }
  }

  async #openOne(kind: DeviceKind, deviceId: string | null): Promise<MediaStreamTrack | null> {
    const generation = this.#generation;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.#constraints(kind, deviceId) });
      const [track] = stream.getTracks();
      if (track === undefined) return null;
      if (generation !== this.#generation) {
        track.stop();
        return null;
      }
      // Nobody is to hear of the moment between two cameras.
      if (this.state.get()[kind].fault !== null) this.#patch(kind, { fault: null });
      // Source: mst-content-hint; the senders give it more of the line.
      if (kind === "audio" && this.state.get().auscultates) track.contentHint = "music";
      return this.#watched(track);
    } catch (error) {
      this.#patch(kind, { fault: deviceFault(error, isSecureContext) });
      return null;
    }
  }

  /** This device and no other; or the remembered one, and any where it is gone. */
  #constraints(kind: DeviceKind, deviceId: string | null): MediaTrackConstraints {
    const ideal = remembered(kind)?.id;
    const wanted = deviceId !== null ? { exact: deviceId } : ideal !== undefined ? { ideal } : null;
    return constraintsFor(kind, this.state.get().auscultates, wanted);
  }

  /** Our own stop() raises no event. */
  readonly #watched = (track: MediaStreamTrack): MediaStreamTrack => {
    const kind = track.kind === "audio" ? "audio" : "video";
    track.addEventListener("ended", () => void this.#inTurn(() => this.#lose(kind, track)), { once: true });
    return track;
  };

  /** What the user allows in the browser's settings works without another click. */
  async #watchPermissions(generation: number): Promise<void> {
    const permissions = navigator.permissions as Permissions | undefined;
    for (const kind of KINDS) {
      // A browser that does not know the name of a permission refuses.
      const status = await permissions?.query({ name: PERMISSIONS[kind] }).catch(() => null);
      if (status == null || generation !== this.#generation) continue;
      this.#permissions.push(status);
      status.onchange = () => {
        if (status.state === "granted") void this.#inTurn(() => this.#reviveAndSay(kind));
      };
    }
  }

  /** Bring what is used in line with what the user once chose, and say so when that is gone. */
  async #settle(): Promise<void> {
    await this.#listDevices();
    for (const kind of [...KINDS, "output"] as const) {
      const chosen = remembered(kind);
      const { deviceId, choices } = this.state.get()[kind];
      if (chosen === null || choices.length === 0) continue;
      const device = meant(chosen, choices);
      if (device === null) {
        if (kind === "output") this.#set({ output: { deviceId: null, choices } });
        if (!chosen.isMissed) this.news.set({ what: "gone", kind, label: chosen.label });
        remember(kind, { ...chosen, isMissed: true });
      } else if (kind === "output") {
        this.#set({ output: { deviceId: device.id, choices } });
        remember(kind, { ...device, isMissed: false });
      } else if (isOpen(this.state.get(), kind)) {
        if (device.id !== deviceId && !(await this.#switchTo(kind, device.id))) continue;
        if (chosen.isMissed) this.news.set({ what: "back", kind, label: device.label });
        remember(kind, { ...device, isMissed: false });
      }
    }
  }

  async #listDevices(): Promise<void> {
    const all = (await mediaDevices()?.enumerateDevices()) ?? [];
    const named = (kind: MediaDeviceKind) =>
      all.filter((each) => each.kind === kind && each.deviceId !== "").map(({ deviceId: id, label }) => ({ id, label }));
    for (const kind of KINDS) {
      const used = tracksOf(this.state.get().stream, kind)[0]?.getSettings().deviceId;
      this.#patch(kind, { choices: named(`${kind}input`), deviceId: used ?? null });
    }
    const canChoose = "setSinkId" in HTMLMediaElement.prototype;
    this.#set({ output: { ...this.state.get().output, choices: canChoose ? named("audiooutput") : [] } });
  }
}
