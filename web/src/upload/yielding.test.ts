import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../api/client";
import { lineBudget, NO_CALL_BUDGET, setLineBudget } from "../signaling/lineBudget";
import { Transfer } from "./transfer";
import type { Sending } from "./transport";

const flying: { fulfil: () => void; signal: AbortSignal }[] = [];

vi.mock("./workers", () => ({
  WORKERS: 2,
  TaskFailed: class extends Error {},
  ask: ({ source }: { source: { path: string; size_bytes: number } }) =>
    Promise.resolve({ sha256: source.path, size_bytes: source.size_bytes, chunks: [], body: null, pixels: null, uids: null }),
}));
vi.mock("./refusals", () => ({}));
vi.mock("./memory", () => ({ remember: vi.fn(), recall: () => Promise.resolve([]), forget: vi.fn(), rememberFolders: vi.fn() }));
vi.mock("./manifest", () => ({ MANIFEST_MOST: 100, manifestOf: (files: readonly { sha256: string }[]) => files }));
vi.mock("./transport", () => ({
  openUpload: () => Promise.resolve({ upload_id: "u", codings: [], chunk_from_bytes: 1e9, chunk_bytes: 1e9 }),
  recentUploads: () => Promise.resolve([]),
  sendManifest: (_upload: string, files: readonly { sha256: string }[]) =>
    Promise.resolve({ present: [], missing: files.map(({ sha256 }) => sha256), missing_chunks: [] }),
  sendBatch: (_upload: string, _body: Blob, { signal }: Sending) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(ApiError.offline()));
      flying.push({ signal, fulfil: () => resolve({ files: [{ path: "", sha256: "" }], mismatched: [] }) });
    }),
}));

function aTransfer(count: number): Transfer {
  const transfer: Transfer = new Transfer({ consultId: undefined, deidentify: null, onChange: () => transfer.advance() });
  const files = Array.from({ length: count }, (_, id) => ({ path: `${id}.dcm`, size_bytes: 8 }));
  transfer.dispatch({ type: "dropped", files });
  transfer.files.add(files.map((file) => ({ in: "file", ...file, modified_ms: 0, file: new Blob(["12345678"]) })));
  transfer.dispatch({ type: "read", files: files.map((_, id) => ({ id, kind: "instance", header: null })) });
  transfer.order = files.map((_, id) => id);
  return transfer;
}

const places = (transfer: Transfer) => transfer.queue.files.map(({ state }) => state.at);

describe("an upload while somebody speaks", () => {
  beforeEach(() => {
    flying.length = 0;
  });
  afterEach(() => {
    lineBudget.set(NO_CALL_BUDGET);
  });

  it("sends nothing while speech suffers, and goes on when it is well again", async () => {
    setLineBudget({ uploads: "paused", images: "paused" });
    const transfer = aTransfer(3);
    transfer.advance();
    await vi.waitFor(() => expect(new Set(places(transfer))).toEqual(new Set(["missing"])));
    expect(flying).toEqual([]);

    setLineBudget(NO_CALL_BUDGET);
    transfer.advance();
    await vi.waitFor(() => expect(flying.length).toBeGreaterThan(0));
    transfer.close();
  });

  it("breaks off what is on the line, and that is no loss of the network and counts as no try", async () => {
    const transfer = aTransfer(1);
    transfer.advance();
    await vi.waitFor(() => expect(flying).toHaveLength(1));

    setLineBudget({ uploads: "paused", images: "free" });
    transfer.interrupt();
    await vi.waitFor(() => expect(places(transfer)).toEqual(["missing"]));
    expect(transfer.connection.isWaiting).toBe(false);
    expect(transfer.queue.files[0]?.attempts).toBe(0);
    expect(flying).toHaveLength(1);

    setLineBudget({ uploads: "limited", images: "free" });
    transfer.advance();
    await vi.waitFor(() => expect(flying).toHaveLength(2));
    flying[1]?.fulfil();
    await vi.waitFor(() => expect(places(transfer)).toEqual(["answered"]));
    transfer.close();
  });
});

it("the budget is told of when it changes, and not each second", () => {
  const told = vi.fn();
  const stop = lineBudget.subscribe(told);
  setLineBudget({ uploads: "limited", images: "free" });
  setLineBudget({ uploads: "limited", images: "free" });
  expect(told).toHaveBeenCalledTimes(1);
  stop();
  lineBudget.set(NO_CALL_BUDGET);
});
