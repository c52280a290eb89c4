/** Plays the slices of a stack, or the frames of one, in a loop. */
import type { ImageStack } from "./imageStack";
import { Store } from "./store";

export const SPEED_LEAST = 1;
export const SPEED_MOST = 60;
const SPEED_UNLESS_SAID = 10;

export interface CineState {
  playing: boolean;
  /** Chosen by the user; null: as the images say. */
  chosenSpeed: number | null;
}

/** Frames per second: what the user chose, what the images ask for, or a usual speed. */
export const speedOf = (chosen: number | null, asked: number | null) =>
  Math.min(SPEED_MOST, Math.max(SPEED_LEAST, Math.round(chosen ?? asked ?? SPEED_UNLESS_SAID)));

export class Cine {
  readonly state = new Store<CineState>({ playing: false, chosenSpeed: null });
  readonly #stack: ImageStack;
  #handle = 0;
  #seriesInstanceUid: string | null = null;
  /** Where the last step went: a stack that is elsewhere was moved by somebody, and is left to them. */
  #index = 0;
  #steppedAt = 0;

  constructor(stack: ImageStack) {
    this.#stack = stack;
  }

  readonly toggle = (): void => {
    if (this.state.get().playing) this.stop();
    else this.#start();
  };

  readonly stop = (): void => {
    cancelAnimationFrame(this.#handle);
    this.state.set({ ...this.state.get(), playing: false });
  };

  setSpeed(framesPerSecond: number): void {
    this.state.set({ ...this.state.get(), chosenSpeed: framesPerSecond });
  }

  #start(): void {
    const { slices, wantedIndex, seriesInstanceUid } = this.#stack.snapshot.get();
    if (slices.length < 2) return;
    this.#seriesInstanceUid = seriesInstanceUid;
    this.#index = wantedIndex;
    this.#steppedAt = performance.now();
    this.state.set({ ...this.state.get(), playing: true });
    this.#handle = requestAnimationFrame(this.#frame);
  }

  readonly #frame = (now: number): void => {
    const { slices, wantedIndex, shown, seriesInstanceUid, fault } = this.#stack.snapshot.get();
    if (seriesInstanceUid !== this.#seriesInstanceUid || wantedIndex !== this.#index || fault !== null) {
      this.stop();
      return;
    }
    const speed = speedOf(this.state.get().chosenSpeed, shown?.facts.framesPerSecond ?? null);
    // A slice that is still coming is waited for: a loop that left it out would show a jump that is none.
    if (shown?.index === wantedIndex && now - this.#steppedAt >= 1000 / speed - 2) {
      this.#steppedAt = now;
      this.#index = (wantedIndex + 1) % slices.length;
      this.#stack.goTo(this.#index);
    }
    this.#handle = requestAnimationFrame(this.#frame);
  };
}
