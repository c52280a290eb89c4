/**
 * One upload's work: hash what is next, ask the server what it lacks of it, send that.
 *
 * `advance` starts whatever can be started and returns; each thing that ends calls it again. After `close`
 * nothing that is still under way has an effect.
 */
import { ApiError } from "../api/client";
import type { FileResult, Upload } from "../api/types";
import { lineBudget } from "../signaling/lineBudget";
import { isInCall } from "./calls";
import { Connection, isAboutUpload, isLost, isServersFault } from "./connection";
import { KnownFiles } from "./knownFiles";
import { isProbeDue } from "./line";
import { manifestOf, MANIFEST_MOST } from "./manifest";
import { forget, remember, rememberFolders } from "./memory";
import { parallelNow, pauseAfterMs } from "./pace";
import { EMPTY_QUEUE, isLeftOut, reduceQueue, type QueuedFile, type QueueEvent } from "./queue";
import * as refusals from "./refusals";
import { Sender } from "./sender";
import type { Deidentifying } from "./source";
import { completeUpload, openUpload, recentUploads, sendManifest, type Started } from "./transport";
import { ask, TaskFailed, WORKERS } from "./workers";

/** So many files are hashed ahead of the senders; what is unpacked for them stays bounded. */
const AHEAD_FILES = 150;
const AHEAD_BYTES = 64 << 20;
const LOOK_AHEAD = 64;
const AHEAD: ReadonlySet<QueuedFile["state"]["at"]> = new Set(["hashed", "asking", "missing"]);

export interface TransferOptions {
  consultId: string | undefined;
  deidentify: Deidentifying | null;
  /** Something moved: look again, and go on where it is allowed. */
  onChange: () => void;
}

export class Transfer {
  queue = EMPTY_QUEUE;
  /** Ids in the order of sending. */
  order: readonly number[] = [];
  readonly files = new KnownFiles();
  readonly connection: Connection;
  readonly handles: FileSystemHandle[] = [];
  /** The server refused the upload as such. */
  error: ApiError | null = null;
  started: Started | null = null;
  inFlight = 0;
  private hashing = 0;
  private isAsking = false;
  private isClosed = false;
  private opening: Promise<Started> | null = null;
  private restUntil = 0;
  private probing: "small" | "large" | null = null;
  private abort = new AbortController();
  private readonly sender = new Sender();
  private readonly missingChunks = new Set<string>();

  constructor(private readonly options: TransferOptions) {
    this.connection = new Connection(options.onChange);
  }

  get isIdle(): boolean {
    return this.inFlight === 0 && this.hashing === 0 && !this.isAsking;
  }

  /** How many requests with files in them may fly now. */
  private get parallel(): number {
    return parallelNow(this.sender.pace, isInCall(), lineBudget.get().uploads);
  }

  dispatch(event: QueueEvent): void {
    if (!this.isClosed) this.queue = reduceQueue(this.queue, event);
  }

  /** Break off what is being sent; it is asked about again. */
  interrupt(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  close(): void {
    this.isClosed = true;
    this.connection.close();
    this.abort.abort();
  }

  advance(): void {
    if (this.isClosed) return;
    this.open().then(
      (started) => {
        if (this.isClosed || this.connection.isWaiting) return;
        this.hashSome(this.next("waiting", WORKERS * 4), started);
        this.askSome(this.next("hashed", MANIFEST_MOST), started);
        this.sendSome(this.next("missing", LOOK_AHEAD), started);
      },
      (error: unknown) => this.noteLoss(error),
    );
  }

  /** Everything was sent. Null where nothing of it was worth sending. */
  async complete(): Promise<Upload | null> {
    return this.started === null ? null : completeUpload(this.started.upload_id);
  }

  private next(at: QueuedFile["state"]["at"], most: number): QueuedFile[] {
    const files: QueuedFile[] = [];
    for (const id of this.order) {
      const file = this.queue.files[id];
      if (file?.state.at !== at || isLeftOut(this.queue, file)) continue;
      files.push(file);
      if (files.length === most) break;
    }
    return files;
  }

  // Opening

  /** Opened with the first file that leaves. */
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

  /** An own upload of one of these studies that was interrupted is gone on with. */
  private async reopen(): Promise<Started> {
    const [recent, started] = await Promise.all([recentUploads(), openUpload(this.options.consultId)]);
    const studies = new Set(this.queue.files.map(({ header }) => header?.study_instance_uid));
    const interrupted = recent.find(
      ({ status, consult_id, progress, upload_id }) =>
        status === "open" &&
        upload_id !== started.upload_id &&
        consult_id === (this.options.consultId ?? null) &&
        progress.some(({ study_instance_uid }) => studies.has(study_instance_uid)),
    );
    if (interrupted === undefined || this.options.deidentify !== null) return started;
    void completeUpload(started.upload_id).catch(() => undefined);
    return { ...started, upload_id: interrupted.upload_id };
  }

  // Hashing

  private hashSome(waiting: readonly QueuedFile[], started: Started): void {
    const ahead = this.queue.files.filter(({ state }) => AHEAD.has(state.at));
    const held = ahead.reduce((sum, { id, size_bytes }) => sum + (this.files.get(id)?.body ? size_bytes : 0), 0);
    const room = held > AHEAD_BYTES ? 0 : Math.min(WORKERS * 2 - this.hashing, AHEAD_FILES - ahead.length);
    for (const file of waiting.slice(0, Math.max(0, room))) {
      if (file.kind !== "archive") void this.hash(file, started);
      else if (this.inFlight < this.parallel) void this.sendArchive(file, started);
    }
  }

  private async hash(file: QueuedFile, { chunk_from_bytes, chunk_bytes }: Started): Promise<void> {
    const known = this.files.get(file.id);
    if (known === undefined) return;
    const { deidentify } = this.options;
    const { source } = known;
    this.hashing += 1;
    this.dispatch({ type: "hashing", ids: [file.id] });
    try {
      const hashed = await ask({ task: "hash", source, chunk_from_bytes, chunk_bytes, deidentify });
      const { sha256, chunks, body, uids, size_bytes } = hashed;
      this.files.note(file.id, { chunks, body, uids, pixels: deidentify === null ? known.pixels : hashed.pixels });
      this.dispatch({ type: "hashed", files: [{ id: file.id, sha256, size_bytes }] });
      if (deidentify === null) void remember([{ key: known.memory_key, value: { sha256, chunks } }]);
    } catch (error) {
      const failed = error instanceof TaskFailed ? error : new TaskFailed(String(error), null);
      this.answered([{ id: file.id, results: [refusals.unreadable(file.path, failed, source.in === "zip")] }]);
    }
    this.hashing -= 1;
    this.changed();
  }

  // Asking

  /** One question at a time, about everything that was hashed meanwhile. */
  private askSome(hashed: readonly QueuedFile[], started: Started): void {
    if (this.isAsking || hashed.length === 0) return;
    this.isAsking = true;
    const ids = hashed.map(({ id }) => id);
    this.dispatch({ type: "asking", ids });
    const of = (id: number) => ({ uids: this.files.get(id)?.uids ?? null, chunks: this.files.get(id)?.chunks ?? [] });
    const manifest = manifestOf(hashed, this.queue, of, this.options.deidentify === null);
    const question = async () => {
      const { present, missing, missing_chunks } = await sendManifest(started.upload_id, manifest);
      for (const chunk of missing_chunks) this.missingChunks.add(chunk);
      const lacking = new Set(missing);
      const there = new Map(present.map((result) => [result.sha256, result]));
      return () => {
        this.dispatch({ type: "missing", ids: hashed.filter(({ sha256 }) => lacking.has(sha256 ?? "")).map(({ id }) => id) });
        this.answered(
          hashed.flatMap(({ id, path, sha256 }) => {
            const result = there.get(sha256);
            return result === undefined ? [] : [{ id, results: [{ ...result, path }] }];
          }),
        );
      };
    };
    void this.attempt(ids, question).then(() => {
      this.isAsking = false;
      this.changed();
    });
  }

  // Sending

  private sendSome(missing: readonly QueuedFile[], started: Started): void {
    if (performance.now() < this.restUntil) return;
    const inCall = isInCall();
    const sending = new Set(this.queue.files.filter(({ state }) => state.at === "sending").map(({ sha256 }) => sha256));
    // The same bytes under two names are sent once.
    const left = missing.filter(({ sha256 }) => !sending.has(sha256) && sending.add(sha256));
    for (let first = left[0]; first !== undefined; first = left[0]) {
      if (this.inFlight >= (this.probing === null ? this.parallel : Math.min(1, this.parallel))) return;
      if (first.size_bytes > started.chunk_from_bytes) {
        left.shift();
        void this.sendLarge(first, started);
        continue;
      }
      if (this.probing === null && !inCall && left.length > 1 && this.isWorthProbing(first)) {
        this.probing = "small";
        if (this.inFlight > 0) return;
      }
      if (left.length === 1 && this.probing === "small") this.probing = null;
      const small = left.slice(0, left.findIndex(({ size_bytes }) => size_bytes > started.chunk_from_bytes) >>> 0);
      const ratio = this.sender.ratioOf(this.sender.codingOf(this.files.sendable(first), started));
      const sizes = small.map(({ size_bytes }) => size_bytes);
      const count = this.probing === null ? this.sender.filesInBatch(sizes, ratio, inCall) : 1;
      void this.send(left.splice(0, count), started);
    }
  }

  /** Only images that can be coded make the two sizes of which a probe consists. */
  private isWorthProbing(file: QueuedFile): boolean {
    return Boolean(this.files.get(file.id)?.pixels) && isProbeDue(this.sender.line, performance.now());
  }

  private sendingOf(ids: readonly number[]) {
    const onProgress = (sent_fraction: number) => this.dispatch({ type: "sending", ids, sent_fraction });
    return { signal: this.abort.signal, onProgress };
  }

  private async send(files: readonly QueuedFile[], started: Started): Promise<void> {
    const ids = files.map(({ id }) => id);
    const { probing } = this;
    await this.flight(ids, async () => {
      const sendables = await Promise.all(files.map((file) => this.files.unpacked(file, started)));
      const sent = await this.sender.send(started, sendables, Math.max(1, this.inFlight), probing, this.sendingOf(ids));
      return () => {
        if (probing !== null) this.probing = probing === "small" ? "large" : null;
        this.answered(sent.results.map(({ id, result }) => ({ id, results: [result] })));
        for (const { id, coded } of sent.mismatched) this.mismatched(id, coded);
      };
    });
  }

  /** It did not arrive as it was named: sent plain where it was coded, read anew where it was plain. */
  private mismatched(id: number, coded: boolean): void {
    this.files.note(id, { plain_only: true });
    if (coded) {
      this.dispatch({ type: "missing", ids: [id] });
      return;
    }
    this.files.note(id, { body: null });
    void forget([this.files.get(id)?.memory_key ?? ""]);
    this.dispatch({ type: "stale", ids: [id] });
  }

  private async sendLarge(file: QueuedFile, started: Started): Promise<void> {
    await this.flight([file.id], async () => {
      const sendable = await this.files.unpacked(file, started);
      const chunks = this.files.get(file.id)?.chunks ?? [];
      const result = await this.sender.sendLarge(started, sendable, chunks, this.missingChunks, this.sendingOf([file.id]));
      return () => this.answered([{ id: file.id, results: [result] }]);
    });
  }

  private async sendArchive(file: QueuedFile, started: Started): Promise<void> {
    await this.flight([file.id], async () => {
      const { body } = this.files.sendable(file);
      const results = await this.sender.sendArchive(started, file.path, body, this.sendingOf([file.id]));
      return () => this.answered([{ id: file.id, results }]);
    });
  }

  /** A request with files in it: counted while it flies, and the line left alone after it while somebody speaks. */
  private async flight(ids: readonly number[], request: () => Promise<() => void>): Promise<void> {
    const began = performance.now();
    this.inFlight += 1;
    this.dispatch({ type: "sending", ids, sent_fraction: 0 });
    await this.attempt(ids, request);
    this.inFlight -= 1;
    const rest = pauseAfterMs(performance.now() - began, isInCall(), lineBudget.get().uploads);
    if (rest > 0) {
      this.restUntil = performance.now() + rest;
      setTimeout(() => this.changed(), rest + 1);
    }
    this.changed();
  }

  /** Ask the server; what got no answer is asked again later. */
  private async attempt(ids: readonly number[], request: () => Promise<() => void>): Promise<void> {
    const { signal } = this.abort;
    try {
      const settle = await request();
      this.connection.restart();
      settle();
    } catch (error) {
      if (this.isClosed) return;
      this.probing = null;
      if (error instanceof TaskFailed) this.dispatch({ type: "stale", ids });
      else if (signal.aborted) this.dispatch({ type: "lost", ids, counts: false });
      else if (error instanceof ApiError && !isLost(error) && !isAboutUpload(error)) this.refused(ids, error);
      else {
        this.dispatch({ type: "lost", ids, counts: isServersFault(error) });
        this.noteLoss(error);
      }
    }
  }

  private refused(ids: readonly number[], error: ApiError): void {
    if (error.code === "digest-mismatch") for (const id of ids) this.mismatched(id, false);
    else this.answered(ids.map((id) => ({ id, results: [refusals.byServer(this.queue.files[id]?.path ?? "", error)] })));
  }

  noteLoss(error: unknown): void {
    if (this.isClosed) return;
    const said = error instanceof ApiError ? error : ApiError.offline();
    if (said.status === 401) this.connection.waitForSignIn();
    else if (said.code === "upload-closed" || said.status === 404 || isLost(said)) {
      if (!isLost(said)) this.started = this.opening = null;
      this.sender.lost();
      this.connection.wait();
    } else this.error = said;
    this.changed();
  }

  private answered(files: readonly { id: number; results: readonly FileResult[] }[]): void {
    const all = [...files];
    const told = new Set(files.map(({ id }) => id));
    const bySha = new Map(files.map(({ id, results }) => [this.queue.files[id]?.sha256 ?? "", results[0]]));
    // The same bytes under another name are told the same.
    for (const file of this.queue.files) {
      const result = file.state.at === "missing" && !told.has(file.id) ? bySha.get(file.sha256 ?? "") : undefined;
      if (result !== undefined) all.push({ id: file.id, results: [{ ...result, path: file.path, already_present: true }] });
    }
    for (const { id } of all) this.files.note(id, { body: null });
    this.dispatch({ type: "answered", files: all });
  }

  private changed(): void {
    if (!this.isClosed) this.options.onChange();
  }
}
