/** One upload under way: the queue, the files and the senders. It outlives the page that started it. */
import { ApiError } from "../api/client";
import { completeUpload, openUpload } from "../api/hooks";
import type { FileResult, Sentence, Upload } from "../api/types";
import { readFileHeader } from "./header";
import { EMPTY_QUEUE, nextToSend, reduceQueue, summarise, type Queue, type QueueEvent, type QueueSummary } from "./queue";
import { sendFile } from "./transport";
import type { DroppedFile } from "./walk";

export const PARALLEL_SENDS = 4;
const PARALLEL_READS = 8;
const SHOW_EVERY_MS = 150;
const RETRY_FIRST_MS = 1_000;

export interface UploadState {
  uploadId: string | null;
  queue: Queue;
  summary: QueueSummary;
  /** The server's account after the last file. */
  completed: Upload | null;
  /** Opening or closing the upload itself failed. */
  error: ApiError | null;
  /** The browser says that there is no network, or sends fail. */
  waitingForNetwork: boolean;
}

const IDLE: UploadState = {
  uploadId: null,
  queue: EMPTY_QUEUE,
  summary: summarise(EMPTY_QUEUE),
  completed: null,
  error: null,
  waitingForNetwork: false,
};

const isTransient = (error: unknown) =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;

/** A refusal of the request itself, told like a refusal of the file. */
function refusal(path: string, error: ApiError): FileResult {
  const said: Sentence = error.sentence ?? { code: error.code, en: error.message, zh: error.message };
  return {
    path,
    verdict: "refused",
    reason: said,
    already_present: false,
    study_instance_uid: null,
    series_instance_uid: null,
    sop_instance_uid: null,
  };
}

export class UploadSession {
  private state = IDLE;
  private queue = EMPTY_QUEUE;
  private readonly files = new Map<number, File>();
  private readonly inFlight = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private readonly consultId: string | undefined;
  private opening: Promise<string> | null = null;
  private showTimer: ReturnType<typeof setTimeout> | null = null;
  private completing = false;

  constructor(consultId: string | undefined) {
    this.consultId = consultId;
  }

  getState = (): UploadState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isActive(): boolean {
    return this.queue.files.length > 0 && this.state.completed === null;
  }

  /** Take more files into this upload; after a completed one, start the next. */
  async add(dropped: readonly DroppedFile[]): Promise<void> {
    if (dropped.length === 0) return;
    if (this.state.completed !== null) this.reset();
    const first = this.queue.files.length;
    this.dispatch({
      type: "dropped",
      files: dropped.map(({ path, file }) => ({ path, size_bytes: file.size })),
    });
    dropped.forEach(({ file }, index) => this.files.set(first + index, file));
    await this.readHeaders(first, dropped);
  }

  /** Send again what got no answer. */
  retry(): void {
    this.patch({ error: null });
    this.dispatch({ type: "retry" });
    this.advance();
  }

  reset(): void {
    this.files.clear();
    this.inFlight.clear();
    this.opening = null;
    this.completing = false;
    this.queue = EMPTY_QUEUE;
    this.patch({ ...IDLE });
  }

  private async readHeaders(first: number, dropped: readonly DroppedFile[]): Promise<void> {
    let next = 0;
    const reader = async () => {
      for (let index = next++; index < dropped.length; index = next++) {
        const item = dropped[index];
        if (item === undefined) return;
        // A file that cannot be read here (moved, no permission) is left to fail when it is sent.
        const read = await readFileHeader(item.file).catch(() => ({ kind: "unknown" as const, header: null }));
        this.dispatch({ type: "read", id: first + index, ...read });
        this.advance();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
    this.advance();
  }

  private uploadId(): Promise<string> {
    this.opening ??= openUpload(this.consultId).then(({ upload_id }) => {
      this.patch({ uploadId: upload_id });
      return upload_id;
    });
    return this.opening;
  }

  private advance(): void {
    for (const file of nextToSend(this.queue, this.inFlight, PARALLEL_SENDS)) void this.send(file.id);
    if (this.inFlight.size === 0) void this.completeIfSettled();
  }

  private async send(id: number): Promise<void> {
    const file = this.files.get(id);
    const queued = this.queue.files[id];
    if (file === undefined || queued === undefined) return;
    this.inFlight.add(id);
    let delayMs = 0;
    try {
      const uploadId = await this.uploadId();
      const results = await sendFile({
        uploadId,
        path: queued.path,
        file,
        onProgress: (sent_bytes) => this.dispatch({ type: "sending", id, sent_bytes }),
        onSent: () => this.dispatch({ type: "sent", id }),
      });
      this.patch({ waitingForNetwork: false });
      this.dispatch({ type: "answered", id, results });
      this.files.delete(id);
    } catch (error) {
      if (isTransient(error)) {
        if (this.state.uploadId === null) this.opening = null;
        this.patch({ waitingForNetwork: true });
        delayMs = RETRY_FIRST_MS * 2 ** queued.attempts;
        // It keeps its place among those in flight while it waits, so that a lost network is not stormed.
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        this.dispatch({ type: "lost", id });
      } else {
        this.dispatch({ type: "answered", id, results: [refusal(queued.path, error as ApiError)] });
      }
    }
    this.inFlight.delete(id);
    this.advance();
  }

  private async completeIfSettled(): Promise<void> {
    const { settled, failed_count, file_count } = summarise(this.queue);
    const uploadId = this.state.uploadId;
    if (!settled || failed_count > 0 || file_count === 0 || uploadId === null || this.completing) return;
    this.completing = true;
    try {
      const completed = await completeUpload(uploadId);
      this.patch({ completed });
    } catch (error) {
      this.patch({ error: error instanceof ApiError ? error : ApiError.offline() });
    }
    this.completing = false;
  }

  private dispatch(event: QueueEvent): void {
    this.queue = reduceQueue(this.queue, event);
    // Thousands of events a second may come; the page is told a few times a second.
    this.showTimer ??= setTimeout(() => {
      this.showTimer = null;
      this.patch({});
    }, SHOW_EVERY_MS);
  }

  private patch(part: Partial<UploadState>): void {
    this.state = { ...this.state, ...part, queue: this.queue, summary: summarise(this.queue) };
    for (const listener of this.listeners) listener();
  }
}

const sessions = new Map<string, UploadSession>();
const anyListeners = new Set<() => void>();

/** The upload of one place: the upload page, or one consult's room. It is the same one on every visit. */
export function uploadSession(consultId?: string): UploadSession {
  const key = consultId ?? "";
  let session = sessions.get(key);
  if (session === undefined) {
    session = new UploadSession(consultId);
    session.subscribe(() => anyListeners.forEach((listener) => listener()));
    sessions.set(key, session);
  }
  return session;
}

/** How far all uploads together are, 0..1; null while none is under way. */
export function overallProgress(): number | null {
  const active = [...sessions.values()].filter((session) => session.isActive).map((session) => session.getState().summary);
  if (active.length === 0) return null;
  const total = active.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
  const sent = active.reduce((sum, { sent_bytes }) => sum + sent_bytes, 0);
  return total === 0 ? 0 : sent / total;
}

export function subscribeToUploads(listener: () => void): () => void {
  anyListeners.add(listener);
  return () => anyListeners.delete(listener);
}

// A network that comes back is worth trying at once.
window.addEventListener("online", () => sessions.forEach((session) => session.retry()));

// Leaving the page would end every upload under way: the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if (overallProgress() !== null) event.preventDefault();
});
