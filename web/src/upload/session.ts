/** One upload as the page knows it. It outlives the page that started it. */
import type { ApiError } from "../api/client";
import type { Upload } from "../api/types";
import type { FileHeader } from "./header";
import { readAll, type Read } from "./intake";
import { forgetFolders } from "./memory";
import { sendingOrder } from "./order";
import { phaseOf, type Phase } from "./phase";
import { isSettled, type QueueEvent } from "./queue";
import type { Source } from "./source";
import { summarise, type QueueSummary } from "./summary";
import { Transfer } from "./transfer";
import { completeUpload } from "./transport";
import type { DroppedFile } from "./walk";
import { warningsOf, type Warning } from "./warnings";

const SHOW_EVERY_MS = 100;
const RATE_OVER_MS = 4_000;
const RATE_FROM_MS = 300;

export interface UploadState {
  phase: Phase;
  uploadId: string | null;
  summary: QueueSummary;
  warnings: readonly Warning[];
  deidentify: boolean;
  /** The server's account after the last file. */
  completed: Upload | null;
  /** The server refused the upload as such. */
  error: ApiError | null;
  /** Of files, over the last seconds; null while nothing moves. */
  bytes_per_s: number | null;
}

export class UploadSession {
  private deidentify = false;
  private transfer: Transfer;
  private completed: Upload | null = null;
  private reading = 0;
  private isDecided = false;
  private isPaused = false;
  private isCompleting = false;
  private isFinished = false;
  private progress: { at: number; bytes: number }[] = [];
  private warned: { key: string; warnings: readonly Warning[] } = { key: "", warnings: [] };
  private showTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<() => void>();
  private state: UploadState;

  constructor(private readonly consultId: string | undefined) {
    this.transfer = this.newTransfer();
    this.state = this.look();
  }

  getState = (): UploadState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isActive(): boolean {
    return this.transfer.queue.files.length > 0 && !this.isFinished;
  }

  /** Series that are kept back by choice. */
  get leftOut(): ReadonlySet<string> {
    return this.transfer.queue.left_out;
  }

  /** Take more files into this upload; after a finished one, start the next. `handles` outlive the page. */
  async add(dropped: readonly DroppedFile[], handles: readonly FileSystemHandle[] = []): Promise<void> {
    if (dropped.length === 0) return;
    if (this.isFinished) this.reset();
    const { transfer } = this;
    transfer.handles.push(...handles);
    this.reading += 1;
    this.isDecided = false;
    const sources = dropped.map(
      ({ path, file }): Source => ({ in: "file", path, size_bytes: file.size, modified_ms: file.lastModified, file }),
    );
    const first = this.take(transfer, sources);
    await readAll(
      first,
      sources,
      (read) => this.noteRead(transfer, read),
      (entries) => this.take(transfer, entries),
    );
    // Without the identity a file is another one each time: nothing to recall.
    if (!this.deidentify) {
      const unhashed = transfer.queue.files.filter(({ state, kind }) => state.at === "waiting" && kind !== "archive");
      transfer.dispatch({ type: "hashed", files: await transfer.files.recalled(unhashed) });
    }
    if (transfer !== this.transfer) return;
    this.reading -= 1;
    transfer.order = sendingOrder(transfer.queue.files);
    this.advance();
  }

  setDeidentify(deidentify: boolean): void {
    if (this.transfer.queue.files.length > 0) return;
    this.deidentify = deidentify;
    this.transfer.close();
    this.transfer = this.newTransfer();
    this.show();
  }

  /** Series that are not to be sent; what is under way or stored stays. */
  leaveOut(series: ReadonlySet<string>): void {
    this.dispatch({ type: "left-out", series });
    // A box that was ticked shows it at once.
    this.show();
    this.advance();
  }

  /** What a person had to decide is decided. */
  decide(): void {
    this.isDecided = true;
    this.advance();
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) this.transfer.interrupt();
    this.advance();
  }

  /** Speech suffers: what is on the line makes way now and is sent again later. Or it is well again. */
  yieldToSpeech(isNeeded: boolean): void {
    if (isNeeded) this.transfer.interrupt();
    this.show();
    this.advance();
  }

  /** Send again what was set aside, at once. */
  retry(): void {
    this.transfer.connection.restart();
    this.transfer.error = null;
    this.dispatch({ type: "retry" });
    this.advance();
  }

  /** Stop here. What is stored stays stored. */
  cancel(): void {
    const uploadId = this.transfer.started?.upload_id;
    this.reset();
    if (uploadId !== undefined) void completeUpload(uploadId).catch(() => undefined);
  }

  reset(): void {
    this.transfer.close();
    this.transfer = this.newTransfer();
    this.completed = null;
    this.reading = 0;
    this.isDecided = this.isPaused = this.isCompleting = this.isFinished = false;
    this.progress = [];
    this.show();
  }

  private newTransfer(): Transfer {
    const secret = crypto.getRandomValues(new Uint8Array(16)).join("");
    return new Transfer({
      consultId: this.consultId,
      deidentify: this.deidentify ? { secret } : null,
      onChange: () => this.advance(),
    });
  }

  private take(transfer: Transfer, sources: readonly Source[]): number {
    const first = transfer.queue.files.length;
    transfer.dispatch({ type: "dropped", files: sources.map(({ path, size_bytes }) => ({ path, size_bytes })) });
    transfer.files.add(sources);
    this.showSoon();
    return first;
  }

  private noteRead(transfer: Transfer, read: readonly Read[]): void {
    for (const { id, pixels, memory_key } of read) transfer.files.note(id, { pixels, memory_key });
    transfer.dispatch({ type: "read", files: read });
    const done = read.flatMap(({ id, results }) => (results === null ? [] : [{ id, results }]));
    transfer.dispatch({ type: "answered", files: done });
    this.showSoon();
  }

  private dispatch(event: QueueEvent): void {
    this.transfer.dispatch(event);
    this.showSoon();
  }

  private advance(): void {
    const phase = this.phase();
    if (phase === this.state.phase) this.showSoon();
    else this.show();
    if (phase !== "sending") return;
    if (!isSettled(this.transfer.queue)) this.transfer.advance();
    else if (this.transfer.isIdle) void this.complete();
  }

  private async complete(): Promise<void> {
    const { transfer } = this;
    if (this.isCompleting || transfer.queue.files.length === 0) return;
    this.isCompleting = true;
    try {
      const completed = await transfer.complete();
      if (transfer !== this.transfer) return;
      if (completed !== null) void forgetFolders(completed.upload_id);
      this.completed = completed;
      this.isFinished = true;
      this.show();
    } catch (error) {
      this.isCompleting = false;
      transfer.noteLoss(error);
    }
    this.isCompleting = false;
  }

  // Telling

  private phase(): Phase {
    const { queue, connection, inFlight, error } = this.transfer;
    return phaseOf({
      file_count: queue.files.length,
      is_reading: this.reading > 0,
      needs_decision: !this.isDecided && this.warnings().some(({ decides }) => decides),
      is_paused: this.isPaused,
      is_signed_out: connection.isSignedOut,
      is_waiting_for_network: connection.isWaiting,
      has_failed: error !== null || (inFlight === 0 && queue.files.some(({ state }) => state.at === "failed")),
      is_finished: this.isFinished,
    });
  }

  /** Thousands of events a second may come; the page is told a few times a second. */
  private showSoon(): void {
    this.showTimer ??= setTimeout(() => this.show(), SHOW_EVERY_MS);
  }

  private show(): void {
    if (this.showTimer !== null) clearTimeout(this.showTimer);
    this.showTimer = null;
    this.state = this.look();
    for (const listener of this.listeners) listener();
  }

  private look(): UploadState {
    const summary = summarise(this.transfer.queue);
    return {
      phase: this.phase(),
      uploadId: this.transfer.started?.upload_id ?? null,
      summary,
      warnings: this.warnings(),
      deidentify: this.deidentify,
      completed: this.completed,
      error: this.transfer.error,
      bytes_per_s: this.rate(summary.sent_bytes),
    };
  }

  /** Of everything that was dropped; found anew only when there is more to look at. */
  private warnings(): readonly Warning[] {
    const { files } = this.transfer.queue;
    const key = [files.length, this.reading, this.deidentify].join("|");
    if (this.reading === 0 && key !== this.warned.key) {
      const headers = files.flatMap(({ header }): FileHeader[] => (header === null ? [] : [header]));
      this.warned = { key, warnings: warningsOf(headers, this.deidentify) };
    }
    return this.warned.warnings;
  }

  private rate(sent_bytes: number): number | null {
    const at = performance.now();
    this.progress = [...this.progress.filter((point) => at - point.at < RATE_OVER_MS), { at, bytes: sent_bytes }];
    const first = this.progress[0];
    if (first === undefined || at - first.at < RATE_FROM_MS) return null;
    return Math.max(0, ((sent_bytes - first.bytes) * 1_000) / (at - first.at)) || null;
  }
}
