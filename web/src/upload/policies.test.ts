import { describe, expect, it } from "vitest";

import { aHeader } from "./builders";
import { afterCoding, chooseCoding, codingsFor, MEASURED_FIRST } from "./coding";
import { batchBody } from "./frames";
import { afterProbe, afterRequest, isProbeDue, lineRate, UNKNOWN_LINE } from "./line";
import { KEY_SLICES, keySlicesFirst, sendingOrder } from "./order";
import { afterAnswer, afterLoss, batchBytes, FIRST_PACE, PARALLEL_MOST, parallelNow, pauseAfterMs, retryDelayMs, type Pace } from "./pace";
import { codableValues, frameBody } from "./pixels";
import { phaseOf, type PhaseFacts } from "./phase";

const PIXELS = { offset: 0, length: 2, rows: 1, columns: 1, sign_flipped: false };
const ALL = ["identity", "deflate", "jls", "htj2k"];

describe("the order of sending", () => {
  it.each([1, 19, 20, 21, 99, 400, 1001])("sends each of %i slices once", (count) => {
    const { key, rest } = keySlicesFirst(count);
    expect([...key, ...rest].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it("shows the whole series evenly in the first slices, its ends among them", () => {
    const { key } = keySlicesFirst(400);
    expect(key).toHaveLength(KEY_SLICES);
    expect([key[0], key.at(-1)]).toEqual([0, 399]);
    const steps = key.slice(1).map((place, index) => place - (key[index] ?? 0));
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  });

  it("halves the widest gaps first, so that no part stays dark for long", () => {
    const { key, rest } = keySlicesFirst(400);
    const shown = [...key, ...rest.slice(0, KEY_SLICES - 1)].sort((a, b) => a - b);
    expect(Math.max(...shown.slice(1).map((place, index) => place - (shown[index] ?? 0)))).toBeLessThanOrEqual(11);
  });

  it("goes by the place in the body, not by the order of the files", () => {
    const files = [30, 10, 20].map((position_mm, id) => ({ id, header: aHeader({ position_mm }) }));
    expect(sendingOrder([...files, { id: 3, header: null }])).toEqual([1, 2, 0, 3]);
  });

  it("sends the key slices of every series before the rest of any", () => {
    const slices = (series: string, first: number) =>
      Array.from({ length: 50 }, (_, n) => ({ id: first + n, header: aHeader({ series_instance_uid: series, position_mm: n }) }));
    const order = sendingOrder([...slices("1", 0), ...slices("2", 50)]);
    expect(order.slice(0, 2 * KEY_SLICES).filter((id) => id >= 50)).toHaveLength(KEY_SLICES);
    expect(new Set(order).size).toBe(100);
  });
});

describe("the choice of a coding", () => {
  const able = codingsFor(aHeader(), PIXELS, ALL);
  it("sends plain on a fast line", () => {
    expect(chooseCoding(able, MEASURED_FIRST, 200e6, 2)).toBe("identity");
  });
  it("takes the smallest on a thin line, and from the first slice while the line is unknown", () => {
    expect(chooseCoding(able, MEASURED_FIRST, 1.25e6, 2)).toBe("jls");
    expect(chooseCoding(able, MEASURED_FIRST, null, 2)).toBe("jls");
  });
  it("takes the faster coder where coding would be what waits", () => {
    const slow = { ...MEASURED_FIRST, jls: { ratio: 0.514, bytes_per_s: 5e6 } };
    expect(chooseCoding(able, slow, 30e6, 2)).toBe("htj2k");
  });
  it("sends plain from a machine that codes slower than the line is", () => {
    let table = MEASURED_FIRST;
    for (const coding of ["jls", "htj2k", "deflate"] as const) {
      for (let n = 0; n < 50; n += 1) table = afterCoding(table, coding, 500_000, 260_000, 5);
    }
    expect(chooseCoding(able, table, 1.25e6, 2)).toBe("identity");
  });
  it("never codes what is compressed already, and only deflates what is no 16-bit frame", () => {
    expect(codingsFor(aHeader({ compressed: true }), null, ALL)).toEqual([]);
    expect(codingsFor(aHeader(), null, ALL)).toEqual(["deflate"]);
    expect(codingsFor(aHeader(), PIXELS, ["identity"])).toEqual([]);
  });
});

describe("the line", () => {
  const sample = (bytes: number, seconds: number, at_ms = 0) => ({ bytes, seconds, parallel: 1, at_ms });
  it("is told apart from the server's work by two sizes", () => {
    const line = afterProbe(UNKNOWN_LINE, sample(250_000, 0.4), sample(500_000, 0.6));
    expect(lineRate(line)).toBeCloseTo(1.25e6);
  });
  it("is fast where the larger request takes no longer", () => {
    expect(lineRate(afterProbe(UNKNOWN_LINE, sample(250_000, 0.1), sample(500_000, 0.09)))).toBeGreaterThan(50e6);
  });
  it("is probed again when much less arrives than when it was probed, but not at once", () => {
    let line = afterProbe(UNKNOWN_LINE, sample(250_000, 0.02), sample(500_000, 0.03));
    for (let n = 0; n < 12; n += 1) line = afterRequest(line, sample(500_000, 1, 1_000));
    expect(isProbeDue(line, 1_000)).toBe(false);
    expect(isProbeDue(line, 10_000)).toBe(true);
  });
});

describe("the pace", () => {
  /** Answers of a line on which `rate(parallel)` bytes a second arrive. */
  const run = (rate: (parallel: number) => number, answers: number) => {
    let pace: Pace = FIRST_PACE;
    let at = 0;
    for (let n = 0; n < answers; n += 1) {
      at += (500_000 / rate(pace.parallel)) * 1_000;
      pace = afterAnswer(pace, 500_000, at);
    }
    return pace;
  };
  it("opens more connections while that brings more, never more than a browser has", () => {
    expect(run((parallel) => parallel * 1e6, 100).parallel).toBe(PARALLEL_MOST);
  });
  it("stays with few where more bring nothing", () => {
    expect(run(() => 1e6, 200).parallel).toBeLessThanOrEqual(3);
  });
  it("halves after a loss and never stops", () => {
    expect(afterLoss({ ...FIRST_PACE, parallel: 6 }).parallel).toBe(3);
    expect(afterLoss({ ...FIRST_PACE, parallel: 1 }).parallel).toBe(1);
  });
  it("carries several files in a request on a fast line and one on a thin one", () => {
    expect(batchBytes(FIRST_PACE, 200e6, false)).toBeGreaterThan(4_000_000);
    expect(batchBytes(FIRST_PACE, 1.25e6, false)).toBeLessThan(260_000);
  });
  it("leaves a call most of the line: one request, alone, and a pause after it", () => {
    expect(parallelNow({ ...FIRST_PACE, parallel: 6 }, true, "free")).toBe(1);
    expect(batchBytes(FIRST_PACE, 200e6, true)).toBe(0);
    expect(pauseAfterMs(200, true, "free")).toBeCloseTo(300);
    expect(pauseAfterMs(200, false, "free")).toBe(0);
  });
  it("leaves a call on a worse line more, and all of it where speech suffers", () => {
    expect(pauseAfterMs(200, true, "limited")).toBeCloseTo(1_800);
    expect(pauseAfterMs(60_000, true, "limited")).toBe(15_000);
    expect(parallelNow(FIRST_PACE, true, "limited")).toBe(1);
    expect(parallelNow(FIRST_PACE, true, "paused")).toBe(0);
  });
  it("tries again for ever, at most every ten seconds", () => {
    expect([0, 1, 20, 1000].map(retryDelayMs)).toEqual([500, 1_000, 10_000, 10_000]);
  });
});

describe("the frame of a coded image", () => {
  it("holds the bytes before and after the pixels and inverts the sign bit of signed ones", () => {
    const file = Uint8Array.from([9, 9, 9, 9, 0xff, 0xff, 1, 0, 7]);
    const frame = { offset: 4, length: 4, rows: 1, columns: 2, sign_flipped: true };
    expect([...codableValues(file, frame).values]).toEqual([0x7fff, 0x8001]);
    const body = frameBody(file, frame, Uint8Array.from([1, 2, 3]));
    const size = new DataView(body.buffer).getUint32(0);
    expect(JSON.parse(new TextDecoder().decode(body.subarray(4, 4 + size)))).toEqual({ ...frame, suffix_bytes: 1 });
    expect([...body.subarray(4 + size)]).toEqual([9, 9, 9, 9, 7, 1, 2, 3]);
  });

  it("names the bits that the values need, at least nine", () => {
    const of = (value: number) => codableValues(Uint8Array.from([value & 255, value >> 8]), PIXELS).bits;
    expect([of(3), of(4095), of(4096), of(65_535)]).toEqual([9, 12, 13, 16]);
  });
});

describe("a batch", () => {
  it("stands file by file behind its own header", async () => {
    const file = (text: string) => ({ path: text, sha256: text, coding: "identity" as const, body: new Blob([text]) });
    const bytes = new Uint8Array(await batchBody([file("one"), file("three")]).arrayBuffer());
    const found: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = new DataView(bytes.buffer).getUint32(at);
      const header = JSON.parse(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + size))) as { size_bytes: number };
      at += 4 + size + header.size_bytes;
      found.push(new TextDecoder().decode(bytes.subarray(at - header.size_bytes, at)));
    }
    expect(found).toEqual(["one", "three"]);
  });
});

describe("the phase", () => {
  const facts = (part: Partial<PhaseFacts>): PhaseFacts => ({
    file_count: 1,
    is_reading: false,
    needs_decision: false,
    is_paused: false,
    is_signed_out: false,
    is_waiting_for_network: false,
    has_failed: false,
    is_finished: false,
    ...part,
  });
  it("sends nothing while a decision is wanted, whatever else holds", () => {
    expect(phaseOf(facts({ needs_decision: true, is_waiting_for_network: true }))).toBe("deciding");
  });
  it("says that it is paused also without a network", () => {
    expect(phaseOf(facts({ is_paused: true, is_waiting_for_network: true }))).toBe("paused");
  });
  it("sends a clean drop without a question", () => {
    expect(phaseOf(facts({}))).toBe("sending");
  });
});
