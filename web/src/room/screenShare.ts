/** Owns the screen that the user shares: asks for it, and gives it back when either side stops it. */
import { Store } from "../viewer/store";

/** Text has to stay legible and little moves: many pixels, few frames. */
const SCREEN: DisplayMediaStreamOptions = {
  video: { width: { max: 2560 }, height: { max: 1440 }, frameRate: { ideal: 10, max: 15 } },
  audio: false,
};

/** Browsers of phones cannot; without HTTPS none can. */
export function canShareScreen(): boolean {
  const devices = navigator.mediaDevices as Partial<MediaDevices> | undefined;
  return devices?.getDisplayMedia !== undefined;
}

export class ScreenShare {
  readonly stream = new Store<MediaStream | null>(null);
  #isAsking = false;
  #generation = 0;

  /**
   * Let the user choose what to share. Nothing happens when they choose nothing.
   *
   * @throws DOMException: the system does not give the screen away.
   */
  async start(): Promise<void> {
    if (this.#isAsking || this.stream.get() !== null) return;
    this.#isAsking = true;
    const generation = this.#generation;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(SCREEN);
      const track = stream.getVideoTracks()[0];
      if (track === undefined || generation !== this.#generation) {
        release(stream);
        return;
      }
      track.contentHint = "detail";
      // The browser's own "stop sharing", or the window that was shared is closed.
      track.addEventListener("ended", this.stop);
      this.stream.set(stream);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) throw error;
    } finally {
      this.#isAsking = false;
    }
  }

  /** Share nothing any more, not even what is being chosen now; safe to call twice. */
  readonly stop = (): void => {
    this.#generation += 1;
    release(this.stream.get());
    this.stream.set(null);
  };
}

function release(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
