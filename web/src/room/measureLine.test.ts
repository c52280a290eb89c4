import { describe, expect, it } from "vitest";

import { measureLine, verdictOf, type LineExchange, type LineMeasure } from "./measureLine";

/** A line of so many bit/s each way, on a clock of its own. */
function aLine({ bps, rttMs, dropsEvery = Infinity }: { bps: number; rttMs: number; dropsEvery?: number }) {
  let clock = 0;
  let count = 0;
  const carried: number[] = [];
  const exchange = (sizeBytes: number) => {
    count += 1;
    if (count % dropsEvery === 0) return Promise.reject(new Error("lost"));
    carried.push(sizeBytes);
    clock += rttMs + (8_000 * sizeBytes) / bps;
    return Promise.resolve();
  };
  const line: LineExchange = { receive: exchange, send: exchange };
  return { measure: () => measureLine(line, new AbortController().signal, () => clock), carried };
}

const measure = (part: Partial<LineMeasure>): LineMeasure => ({
  rttMs: 40,
  unevennessMs: 5,
  unanswered: 0,
  downBps: 8e6,
  upBps: 4e6,
  ...part,
});

describe("the check of a line", () => {
  it.each([64_000, 500_000, 20_000_000])("finds %i bit/s and the way there and back", async (bps) => {
    const found = await aLine({ bps, rttMs: 80 }).measure();
    expect(found.rttMs).toBeCloseTo(80);
    expect(Math.abs((found.upBps ?? 0) - bps) / bps).toBeLessThan(0.1);
    expect(Math.abs((found.downBps ?? 0) - bps) / bps).toBeLessThan(0.1);
  });

  it("does not keep a thin line busy", async () => {
    const { measure: run, carried } = aLine({ bps: 64_000, rttMs: 80 });
    await run();
    expect(carried.reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000);
  });

  it("counts answers that never came, and is done where none did", async () => {
    expect((await aLine({ bps: 1e6, rttMs: 40, dropsEvery: 3 }).measure()).unanswered).toBe(3);
    expect(await aLine({ bps: 1e6, rttMs: 40, dropsEvery: 1 }).measure()).toMatchObject({ rttMs: null, upBps: null, unanswered: 9 });
  });

  it("is not misled by one answer that the server kept waiting", async () => {
    let clock = 0;
    let count = 0;
    const exchange = () => {
      count += 1;
      clock += count === 5 ? 900 : 40;
      return Promise.resolve();
    };
    const found = await measureLine({ receive: exchange, send: exchange }, new AbortController().signal, () => clock);
    expect(found).toMatchObject({ rttMs: 40, unevennessMs: 0 });
  });

  it("ends when the room is entered", async () => {
    const stop = new AbortController();
    stop.abort();
    const never: LineExchange = { receive: () => Promise.reject(new Error("no")), send: () => Promise.resolve() };
    await expect(measureLine(never, stop.signal)).rejects.toThrow();
  });
});

describe("the advice", () => {
  it.each([
    [{}, "good"],
    [{ upBps: 300_000 }, "small"],
    [{ downBps: 120_000 }, "still"],
    [{ upBps: 64_000 }, "speech"],
    [{ rttMs: 400 }, "small"],
    [{ unevennessMs: 300 }, "still"],
    [{ unanswered: 1 }, "still"],
    [{ rttMs: null, upBps: null, downBps: null, unanswered: 6 }, "none"],
  ] as const)("for %o is %s", (part, verdict) => {
    expect(verdictOf(measure(part))).toBe(verdict);
  });
});
