/** Whether the server can be asked at the moment, and when it is tried again: an upload never gives up by itself. */
import { ApiError, get } from "../api/client";
import { retryDelayMs } from "./pace";

const ASK_SIGNED_IN_MS = 3_000;

/** No answer, or one that another try may change. */
export const isLost = (error: unknown) =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;

/** The server itself failed at it; a gateway's 502 to 504 only says that the server is away. */
export const isServersFault = (error: unknown) =>
  error instanceof ApiError && error.status >= 500 && ![502, 503, 504].includes(error.status);

/** Answers that are about the upload and not about a file of it. */
export const isAboutUpload = (error: ApiError) =>
  [401, 403, 404].includes(error.status) || error.code === "upload-closed";

export class Connection {
  isSignedOut = false;
  private losses = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asking: ReturnType<typeof setInterval> | null = null;

  /** `onBack` is called when it is worth going on. */
  constructor(private readonly onBack: () => void) {}

  get isWaiting(): boolean {
    return this.timer !== null;
  }

  /** Try again later, each time a little later. */
  wait(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.onBack();
    }, retryDelayMs(this.losses));
    this.losses += 1;
  }

  /** An answer came, or somebody wants to try at once. */
  restart(): void {
    this.losses = 0;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Signing in anywhere, in another tab too, lets it go on. */
  waitForSignIn(): void {
    if (this.asking !== null) return;
    this.isSignedOut = true;
    const back = () => {
      if (this.asking === null) return;
      this.close();
      this.onBack();
    };
    this.asking = setInterval(() => void get("/session").then(back, () => undefined), ASK_SIGNED_IN_MS);
  }

  close(): void {
    this.restart();
    if (this.asking !== null) clearInterval(this.asking);
    this.asking = null;
    this.isSignedOut = false;
  }
}
