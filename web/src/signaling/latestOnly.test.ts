import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { latestOnly } from "./latestOnly";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("sends the first at once, then the latest of each interval", () => {
  const sent: number[] = [];
  const out = latestOnly<number>((value) => sent.push(value), 50);
  for (let value = 0; value < 10; value++) out.send(value);
  expect(sent).toEqual([0]);
  vi.advanceTimersByTime(50);
  expect(sent).toEqual([0, 9]);
  vi.advanceTimersByTime(500);
  expect(sent).toEqual([0, 9]);
  out.send(11);
  expect(sent).toEqual([0, 9, 11]);
});

it("lets the first wait too where it may come later", () => {
  const sent: number[] = [];
  const out = latestOnly<number>((value) => sent.push(value), 50);
  out.sendLater(1);
  out.sendLater(2);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(50);
  expect(sent).toEqual([2]);
  out.sendLater(3);
  out.cancel();
  vi.advanceTimersByTime(500);
  expect(sent).toEqual([2]);
});

it("sends nothing after it was cancelled", () => {
  const sent: number[] = [];
  const out = latestOnly<number>((value) => sent.push(value), 50);
  out.send(1);
  out.send(2);
  out.cancel();
  vi.advanceTimersByTime(500);
  expect(sent).toEqual([1]);
});
