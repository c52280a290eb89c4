/** When to connect again: after pauses that grow, and at once when the browser says that the line is back. */
const FIRST_PAUSE_MS = 500;
/** Small enough for a try soon after a relay's lease has run out (signaling/room_registry.py). */
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 10_000;

export class Retries {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private pauseMs = FIRST_PAUSE_MS;

  /** `close` ends it. */
  constructor(private readonly connect: () => void) {
    window.addEventListener("online", this.now);
  }

  get isPending(): boolean {
    return this.timer !== null;
  }

  /** Try again after a pause, unless that is so already. */
  plan(): void {
    if (this.timer !== null) return;
    // Nobody comes at the same moment as all the others.
    this.timer = setTimeout(this.now, this.pauseMs * (0.75 + Math.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
  }

  /** It worked: the next pause is the first one again. */
  succeeded(): void {
    this.pauseMs = FIRST_PAUSE_MS;
  }

  close(): void {
    window.removeEventListener("online", this.now);
    this.clear();
  }

  private readonly now = () => {
    if (this.timer === null) return;
    this.clear();
    this.connect();
  };

  private clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
