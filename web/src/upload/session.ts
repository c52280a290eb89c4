/** One upload under way: the queue, the files and who works on them. It outlives the page that started it. */
import { ApiError, get } from "../api/client";
import type { FileResult, Upload } from "../api/types";
import { isInCall } from "./calls";
import type { FileHeader } from "./header";
import { readAll, type Read } from "./intake";
import { isProbeDue } from "./line";
import { forget, forgetFolders, recall, remember, rememberFolders, type Remembered } from "./memory";
import { sendingOrder } from "./order";
import { parallelNow, pauseAfterMs, retryDelayMs } from "./pace";
import { phaseOf, type Phase } from "./phase";
import type { PixelFrame } from "./pixels";
import { EMPTY_QUEUE, isLeftOut, isSettled, reduceQueue, type QueuedFile, type QueueEvent } from "./queue";
import * as refusals from "./refusals";
import { Sender, type Sendable } from "./sender";
import type { Source } from "./source";
import { summarise, type QueueSummary } from "./summary";
import { completeUpload, openUpload, recentUploads, sendManifest, type Started } from "./transport";
import { manifestOf, MANIFEST_MOST, type SentUids } from "./manifest";
import type { DroppedFile } from "./walk";
import { warningsOf, type Warning } from "./warnings";
import { ask, TaskFailed, WORKERS } from "./workers";

const SHOW_EVERY_MS = 100;
const ASK_SIGNED_IN_MS = 3_000;
/** So many files are hashed ahead of the senders; what is unpacked for them stays bounded. */
const AHEAD_FILES = 150;
const AHEAD_BYTES = 64 << 20;
const RATE_OVER_MS = 4_000;

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

/** What is known of one file beside its place in the queue. */
interface Known {
  source: Source;
  memory_key: string;
  pixels: PixelFrame | null;
  body: Blob | null;
  chunks: readonly string[];
  uids: SentUids | null;
  plain_only: boolean;
}

const isLost = (error: unknown) =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;
/** The server itself failed at it; a gateway's 502 to 504 only says that the server is away. */
const isServersFault = (error: unknown) =>
  error instanceof ApiError && error.status >= 500 && ![502, 503, 504].includes(error.status);

export class UploadSession {
  private queue = EMPTY_QUEUE;
  private known: Known[] = [];
  private order: number[] = [];
  private sender = new Sender();
  private started: Started | null = null;
  private opening: Promise<Started> | null = null;
  private missingChunks = new Set<string>();
  private inFlight = 0;
  private hashing = 0;
  private isAsking = false;
  private isCompleting = false;
  private reading = 0;
  private isDecided = false;
  private isPaused = false;
  private isSignedOut = false;
  private losses = 0;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private restUntil = 0;
  private probing: "small" | "large" | null = null;
  private isFinished = false;
  private generation = 0;
  private abort = new AbortController();
  private progress: { at: number; bytes: number }[] = [];
  private handles: FileSystemHandle[] = [];
  private secret = crypto.getRandomValues(new Uint8Array(16)).join("");
  private showTimer: ReturnType<typeof setTimeout> | null = null;
  private warned: { key: string; warnings: readonly Warning[] } = { key: "", warnings: [] };
  private readonly listeners = new Set<() => void>();
  private state: UploadState;

  constructor(private readonly consultId: string | undefined) {
    this.state = this.look({ deidentify: false, completed: null, error: null });
  }

  getState = (): UploadState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isActive(): boolean {
    return this.queue.files.length > 0 && !this.isFinished;
  }

  /** Take more files into this upload; after a finished one, start the next. */
  async add(dropped: readonly DroppedFile[], handles: readonly FileSystemHandle[] = []): Promise<void> {
    if (dropped.length === 0) return;
    if (this.isFinished) this.reset();
    const generation = this.generation;
    this.handles.push(...handles);
    this.reading += 1;
    this.isDecided = false;
    const sources = dropped.map(
      ({ path, file }): Source => ({ in: "file", path, size_bytes: file.size, modified_ms: file.lastModified, file }),
    );
    const first = this.take(sources);
    await readAll(
      first,
      sources,
      (read) => generation === this.generation && this.noteRead(read),
      (entries) => (generation === this.generation ? this.take(entries) : 0),
    );
    if (generation !== this.generation) return;
    await this.recallDigests(first);
    if (generation !== this.generation) return;
    this.reading -= 1;
    this.order = sendingOrder(this.queue.files);
    this.advance();
  }

  setDeidentify(deidentify: boolean): void {
    if (this.queue.files.length === 0) this.patch({ deidentify });
  }

  /** Series that are not to be sent; those that are under way or stored stay. */
  leaveOut(series: ReadonlySet<string>): void {
    this.dispatch({ type: "left-out", series });
    this.advance();
  }

  get leftOut(): ReadonlySet<string> {
    return this.queue.left_out;
  }

  /** What a person had to decide is decided. */
  decide(): void {
    this.isDecided = true;
    this.advance();
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (isPaused) this.abort.abort();
    else this.abort = new AbortController();
    this.advance();
  }

  /** Send again what was set aside, at once. */
  retry(): void {
    this.restart();
    this.patch({ error: null });
    this.dispatch({ type: "retry" });
    this.advance();
  }

  /** Stop here. What is stored stays stored. */
  cancel(): void {
    const uploadId = this.started?.upload_id;
    this.reset();
    if (uploadId !== undefined) void completeUpload(uploadId).catch(() => undefined);
  }

  reset(): void {
    this.generation += 1;
    this.abort.abort();
    this.abort = new AbortController();
    this.queue = EMPTY_QUEUE;
    this.known = [];
    this.order = [];
    this.handles = [];
    this.sender = new Sender();
    this.started = this.opening = null;
    this.missingChunks = new Set();
    this.inFlight = this.hashing = this.reading = 0;
    this.isAsking = this.isCompleting = this.isPaused = this.isSignedOut = this.isFinished = false;
    this.probing = null;
    this.progress = [];
    this.restart();
    this.patch({ completed: null, error: null });
  }

  private restart(): void {
    this.losses = 0;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.retryTimer = null;
  }

  // Reading

  private take(sources: readonly Source[]): number {
    const first = this.queue.files.length;
    this.dispatch({ type: "dropped", files: sources.map(({ path, size_bytes }) => ({ path, size_bytes })) });
    for (const source of sources) {
      const nothing = { memory_key: "", pixels: null, body: null, chunks: [], uids: null, plain_only: false };
      this.known.push({ source, ...nothing });
    }
    return first;
  }

  private noteRead(read: readonly Read[]): void {
    for (const { id, pixels, memory_key } of read) this.remembering(id, { pixels, memory_key });
    this.dispatch({ type: "read", files: read });
    const done = read.flatMap(({ id, results }) => (results === null ? [] : [{ id, results }]));
    this.dispatch({ type: "answered", files: done });
  }

  private remembering(id: number, what: Partial<Known>): void {
    const known = this.known[id];
    if (known !== undefined) this.known[id] = { ...known, ...what };
  }

  private async recallDigests(first: number): Promise<void> {
    // Without the identity a file is another one each time.
    if (this.state.deidentify) return;
    const files = this.queue.files.filter(({ id, state, kind }) => id >= first && state.at === "waiting" && kind !== "archive");
    const digests = await recall(files.map(({ id }) => this.known[id]?.memory_key ?? ""));
    const found: { id: number; sha256: string }[] = [];
    for (const [index, file] of files.entries()) {
      const digest: Remembered | undefined = digests[index];
      if (digest === undefined) continue;
      this.remembering(file.id, { chunks: digest.chunks });
      found.push({ id: file.id, sha256: digest.sha256 });
    }
    this.dispatch({ type: "hashed", files: found });
  }

  // Working

  private get needsDecision(): boolean {
    return !this.isDecided && this.state.warnings.some(({ decides }) => decides);
  }

  private advance(): void {
    this.show(true);
    if (this.state.phase !== "sending") return;
    if (isSettled(this.queue)) {
      if (this.inFlight === 0 && this.hashing === 0) void this.complete();
      return;
    }
    const by = (at: QueuedFile["state"]["at"], most: number) => {
      const files: QueuedFile[] = [];
      for (const id of this.order) {
        const file = this.queue.files[id];
        if (file?.state.at !== at || isLeftOut(this.queue, file)) continue;
        files.push(file);
        if (files.length === most) break;
      }
      return files;
    };
    void this.open().then(
      (started) => {
        this.hashSome(by("waiting", WORKERS * 4), started);
        this.askSome(by("hashed", MANIFEST_MOST), started);
        this.sendSome(by("missing", 64), started);
      },
      (error: unknown) => this.noteLoss(error),
    );
  }

  /** Opened with the first file that leaves; an own upload that was interrupted is gone on with. */
  private open(): Promise<Started> {
    if (this.started !== null) return Promise.resolve(this.started);
    this.opening ??= this.reopen().then(
      (started) => {
        this.started = started;
        if (this.handles.length > 0) void rememberFolders(started.upload_id, this.handles, Date.now());
        return started;
      },
      (error: unknown) => {
        this.opening = null;
        throw error;
      },
    );
    return this.opening;
  }

  private async reopen(): Promise<Started> {
    const [recent, started] = await Promise.all([recentUploads(), openUpload(this.consultId)]);
    const studies = new Set(this.queue.files.map(({ header }) => header?.study_instance_uid));
    const interrupted = recent.find(
      ({ status, consult_id, progress, upload_id }) =>
        status === "open" &&
        upload_id !== started.upload_id &&
        consult_id === (this.consultId ?? null) &&
        progress.some(({ study_instance_uid }) => studies.has(study_instance_uid)),
    );
    if (interrupted === undefined || this.state.deidentify) return started;
    void completeUpload(started.upload_id).catch(() => undefined);
    return { ...started, upload_id: interrupted.upload_id };
  }

  private hashSome(waiting: readonly QueuedFile[], started: Started): void {
    const ahead = this.queue.files.filter(({ state }) => ["hashed", "asking", "missing"].includes(state.at));
    const bytes = ahead.reduce((sum, { id, size_bytes }) => sum + (this.known[id]?.body === null ? 0 : size_bytes), 0);
    let room = Math.min(WORKERS * 2 - this.hashing, AHEAD_FILES - ahead.length, bytes > AHEAD_BYTES ? 0 : Infinity);
    for (const file of waiting) {
      if (room <= 0) return;
      room -= 1;
      if (file.kind === "archive") {
        if (this.inFlight < parallelNow(this.sender.pace, isInCall())) void this.sendArchive(file, started);
      } else void this.hash(file, started);
    }
  }

  private async hash(file: QueuedFile, started: Started): Promise<void> {
    const known = this.known[file.id];
    if (known === undefined) return;
    const { generation } = this;
    this.hashing += 1;
    this.dispatch({ type: "hashing", ids: [file.id] });
    try {
      const hashed = await ask({
        task: "hash",
        source: known.source,
        chunk_from_bytes: started.chunk_from_bytes,
        chunk_bytes: started.chunk_bytes,
        deidentify: this.state.deidentify ? { secret: this.secret } : null,
      });
      if (generation !== this.generation) return;
      const { sha256, chunks, body, uids } = hashed;
      this.remembering(file.id, { chunks, body, uids, pixels: uids === null ? known.pixels : hashed.pixels });
      this.dispatch({ type: "hashed", files: [{ id: file.id, sha256 }] });
      if (!this.state.deidentify) void remember([{ key: known.memory_key, value: { sha256, chunks } }]);
    } catch (error) {
      if (generation !== this.generation) return;
      const failed = error instanceof TaskFailed ? error : new TaskFailed(String(error), null);
      this.answered([{ id: file.id, results: [refusals.unreadable(file.path, failed, known.source.in === "zip")] }]);
    }
    this.hashing -= 1;
    this.advance();
  }

  /** One question at a time, about everything that was hashed meanwhile. */
  private askSome(hashed: readonly QueuedFile[], started: Started): void {
    if (this.isAsking || hashed.length === 0) return;
    this.isAsking = true;
    const ids = hashed.map(({ id }) => id);
    this.dispatch({ type: "asking", ids });
    const of = (id: number) => ({ uids: this.known[id]?.uids ?? null, chunks: this.known[id]?.chunks ?? [] });
    const manifest = manifestOf(hashed, this.queue, of, !this.state.deidentify);
    void this.attempt(ids, async () => {
      const { present, missing, missing_chunks } = await sendManifest(started.upload_id, manifest);
      for (const chunk of missing_chunks) this.missingChunks.add(chunk);
      const wanted = new Set(missing);
      const there = new Map(present.map((result) => [result.sha256, result]));
      return () => {
        this.dispatch({ type: "missing", ids: hashed.filter(({ sha256 }) => wanted.has(sha256 ?? "")).map(({ id }) => id) });
        this.answered(
          hashed.flatMap(({ id, path, sha256 }) => {
            const result = there.get(sha256);
            return result === undefined ? [] : [{ id, results: [{ ...result, path }] }];
          }),
        );
      };
    }).finally(() => {
      this.isAsking = false;
      this.advance();
    });
  }

  private sendSome(missing: readonly QueuedFile[], started: Started): void {
    const inCall = isInCall();
    if (performance.now() < this.restUntil) return;
    const sending = new Set(this.queue.files.filter(({ state }) => state.at === "sending").map(({ sha256 }) => sha256));
    // The same bytes under two names are sent once.
    const unique = missing.filter(({ sha256 }) => !sending.has(sha256) && sending.add(sha256));
    while (unique.length > 0) {
      const first = unique[0];
      if (first === undefined || this.inFlight >= (this.probing === null ? parallelNow(this.sender.pace, inCall) : 1)) return;
      if (first.size_bytes > started.chunk_from_bytes) {
        unique.shift();
        void this.sendLarge(first, started);
        continue;
      }
      const codable = this.sender.codingOf(this.sendable(first), started) !== "identity";
      const due = !inCall && unique.length > 1 && isProbeDue(this.sender.line, performance.now());
      if (this.probing === null && due && (codable || this.known[first.id]?.pixels !== null)) {
        this.probing = "small";
        if (this.inFlight > 0) return;
      }
      if (unique.length < 2 && this.probing === "small") this.probing = null;
      const large = unique.findIndex(({ size_bytes }) => size_bytes > started.chunk_from_bytes);
      const small = large < 0 ? unique : unique.slice(0, large);
      const ratio = this.sender.ratioOf(this.sender.codingOf(this.sendable(first), started));
      const sizes = small.map(({ size_bytes }) => size_bytes);
      const count = this.probing === null ? this.sender.filesInBatch(sizes, ratio, inCall) : 1;
      void this.send(unique.splice(0, count), started);
    }
  }

  private sendable(file: QueuedFile): Sendable {
    const known = this.known[file.id];
    const body = known?.body ?? (known?.source.in === "file" ? known.source.file : new Blob([]));
    const { id, path, header } = file;
    return { id, path, header, body, sha256: file.sha256 ?? "", pixels: known?.pixels ?? null, plain_only: known?.plain_only ?? false };
  }

  /** A zip's entry that was only remembered must be unpacked before it can go. */
  private async unpacked(file: QueuedFile, started: Started): Promise<Sendable> {
    const known = this.known[file.id];
    if (known?.source.in === "zip" && known.body === null) {
      const { chunk_from_bytes, chunk_bytes } = started;
      const { body } = await ask({ task: "hash", source: known.source, chunk_from_bytes, chunk_bytes, deidentify: null });
      this.remembering(file.id, { body });
    }
    return this.sendable(file);
  }

  private sendingOf(ids: readonly number[]) {
    const { generation } = this;
    const onProgress = (sent_fraction: number) =>
      generation === this.generation && this.dispatch({ type: "sending", ids, sent_fraction });
    return { signal: this.abort.signal, onProgress };
  }

  private async send(files: readonly QueuedFile[], started: Started): Promise<void> {
    const ids = files.map(({ id }) => id);
    const { probing } = this;
    await this.flight(ids, async () => {
      const sendables = await Promise.all(files.map((file) => this.unpacked(file, started)));
      const parallel = Math.max(1, this.inFlight);
      const { results, mismatched } = await this.sender.send(started, sendables, parallel, probing, this.sendingOf(ids));
      return () => {
        if (probing !== null) this.probing = probing === "small" ? "large" : null;
        this.answered(results.map(({ id, result }) => ({ id, results: [result] })));
        for (const { id, coded } of mismatched) {
          this.remembering(id, { plain_only: true, body: coded ? (this.known[id]?.body ?? null) : null });
          if (!coded) void forget([this.known[id]?.memory_key ?? ""]);
          this.dispatch(coded ? { type: "missing", ids: [id] } : { type: "stale", ids: [id] });
        }
      };
    });
  }

  private async sendLarge(file: QueuedFile, started: Started): Promise<void> {
    await this.flight([file.id], async () => {
      const sendable = await this.unpacked(file, started);
      const chunks = this.known[file.id]?.chunks ?? [];
      const result = await this.sender.sendLarge(started, sendable, chunks, this.missingChunks, this.sendingOf([file.id]));
      return () => this.answered([{ id: file.id, results: [result] }]);
    });
  }

  private async sendArchive(file: QueuedFile, started: Started): Promise<void> {
    await this.flight([file.id], async () => {
      const { body } = this.sendable(file);
      const results = await this.sender.sendArchive(started, file.path, body, this.sendingOf([file.id]));
      return () => this.answered([{ id: file.id, results }]);
    });
  }

  /** A request with files in it: counted while it flies, and the line left alone after it while somebody speaks. */
  private async flight(ids: readonly number[], request: () => Promise<() => void>): Promise<void> {
    const { generation } = this;
    const began = performance.now();
    this.inFlight += 1;
    this.dispatch({ type: "sending", ids, sent_fraction: 0 });
    await this.attempt(ids, request);
    if (generation !== this.generation) return;
    this.inFlight -= 1;
    const rest = pauseAfterMs(performance.now() - began, isInCall());
    if (rest > 0) {
      this.restUntil = performance.now() + rest;
      setTimeout(() => this.advance(), rest + 1);
    }
    this.advance();
  }

  /** Ask the server; what got no answer is asked again later. */
  private async attempt(ids: readonly number[], request: () => Promise<() => void>): Promise<void> {
    const { generation } = this;
    try {
      const settle = await request();
      if (generation !== this.generation) return;
      this.restart();
      settle();
    } catch (error) {
      if (generation !== this.generation) return;
      this.probing = null;
      if (error instanceof TaskFailed) {
        this.dispatch({ type: "stale", ids });
      } else if (error instanceof ApiError && !isLost(error) && !this.isWholeUploads(error)) {
        const said = error;
        if (error.code === "digest-mismatch") {
          for (const id of ids) this.remembering(id, { plain_only: true });
          this.dispatch({ type: "stale", ids });
        } else this.answered(ids.map((id) => ({ id, results: [refusals.byServer(this.queue.files[id]?.path ?? "", said)] })));
      } else {
        this.dispatch({ type: "lost", ids, counts: isServersFault(error) });
        this.noteLoss(error);
      }
    }
  }

  /** Refusals that are about the upload and not about a file of it. */
  private isWholeUploads(error: ApiError): boolean {
    return [401, 403, 404].includes(error.status) || error.code === "upload-closed";
  }

  private noteLoss(error: unknown): void {
    if (this.isPaused) return;
    const said = error instanceof ApiError ? error : ApiError.offline();
    if (said.status === 401) this.waitForSignIn();
    else if (said.code === "upload-closed" || said.status === 404) {
      this.started = this.opening = null;
      this.wait();
    } else if (isLost(said)) this.wait();
    else this.patch({ error: said });
    this.show(true);
  }

  private wait(): void {
    this.sender.lost();
    if (this.retryTimer !== null) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      this.show(true);
      this.advance();
    }, retryDelayMs(this.losses));
    this.losses += 1;
  }

  /** Signing in anywhere, in another tab too, lets it go on. */
  private waitForSignIn(): void {
    if (this.isSignedOut) return;
    this.isSignedOut = true;
    const ask = setInterval(() => {
      get("/session").then(
        () => {
          clearInterval(ask);
          this.isSignedOut = false;
          this.advance();
        },
        () => undefined,
      );
    }, ASK_SIGNED_IN_MS);
  }

  private answered(files: readonly { id: number; results: readonly FileResult[] }[]): void {
    const all = [...files];
    const bySha = new Map(files.map(({ id, results }) => [this.queue.files[id]?.sha256 ?? "", results[0]]));
    // The same bytes under another name are told the same.
    const told = new Set(files.map(({ id }) => id));
    for (const file of this.queue.files) {
      const result = file.state.at === "missing" && !told.has(file.id) ? bySha.get(file.sha256 ?? "") : undefined;
      if (result !== undefined) all.push({ id: file.id, results: [{ ...result, path: file.path, already_present: true }] });
    }
    for (const { id } of all) this.remembering(id, { body: null });
    this.dispatch({ type: "answered", files: all });
  }

  private async complete(): Promise<void> {
    if (this.isCompleting || this.queue.files.length === 0) return;
    this.isCompleting = true;
    const { generation } = this;
    const uploadId = this.started?.upload_id;
    try {
      const completed = uploadId === undefined ? null : await completeUpload(uploadId);
      if (generation !== this.generation) return;
      if (uploadId !== undefined) void forgetFolders(uploadId);
      this.isFinished = true;
      this.patch({ completed });
    } catch (error) {
      if (generation === this.generation) this.noteLoss(error);
    }
    this.isCompleting = false;
  }

  // Telling

  private dispatch(event: QueueEvent): void {
    this.queue = reduceQueue(this.queue, event);
    this.show(false);
  }

  /** Thousands of events a second may come; the page is told a few times a second. */
  private show(now: boolean): void {
    if (now) {
      // The phase is needed at once, the page may wait.
      const phase = this.phase();
      if (phase !== this.state.phase) this.patch({});
    }
    this.showTimer ??= setTimeout(() => {
      this.showTimer = null;
      this.patch({});
    }, SHOW_EVERY_MS);
  }

  private phase(): Phase {
    return phaseOf({
      file_count: this.queue.files.length,
      is_reading: this.reading > 0,
      needs_decision: this.needsDecision,
      is_paused: this.isPaused,
      is_signed_out: this.isSignedOut,
      is_waiting_for_network: this.retryTimer !== null,
      has_failed: this.state.error !== null || (this.inFlight === 0 && this.queue.files.some(({ state }) => state.at === "failed")),
      is_finished: this.isFinished,
    });
  }

  private patch(part: Partial<Pick<UploadState, "deidentify" | "completed" | "error">>): void {
    this.state = this.look({ ...this.state, ...part });
    for (const listener of this.listeners) listener();
  }

  private look(part: Pick<UploadState, "deidentify" | "completed" | "error">): UploadState {
    const summary = summarise(this.queue);
    const { deidentify, completed, error } = part;
    this.state = {
      ...this.state,
      summary,
      deidentify,
      completed,
      error,
      uploadId: this.started?.upload_id ?? null,
      warnings: this.warningsNow(deidentify),
      bytes_per_s: this.rate(summary.sent_bytes),
    };
    return { ...this.state, phase: this.phase() };
  }

  /** Of everything that was dropped; found anew only when there is more to look at. */
  private warningsNow(deidentify: boolean): readonly Warning[] {
    const key = [this.queue.files.length, this.reading, deidentify].join("|");
    if (this.reading === 0 && key !== this.warned.key) {
      const headers = this.queue.files.flatMap(({ header }): FileHeader[] => (header === null ? [] : [header]));
      this.warned = { key, warnings: warningsOf(headers, deidentify) };
    }
    return this.warned.warnings;
  }

  private rate(sent_bytes: number): number | null {
    const at = performance.now();
    this.progress = [...this.progress.filter((point) => at - point.at < RATE_OVER_MS), { at, bytes: sent_bytes }];
    const first = this.progress[0];
    if (first === undefined || at - first.at < 300) return null;
    return Math.max(0, ((sent_bytes - first.bytes) * 1_000) / (at - first.at)) || null;
  }
}
