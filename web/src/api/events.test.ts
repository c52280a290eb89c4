import { describe, expect, it, vi } from "vitest";

import { RECONNECT_MOST_MS, reconnectDelayMs, spaced, staleKeys } from "./events";

describe("the event stream", () => {
  it("waits longer after each failure, up to a ceiling", () => {
    const delays = Array.from({ length: 12 }, (_, attempt) => reconnectDelayMs(attempt));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBe(RECONNECT_MOST_MS);
  });

  it("makes the study stale when its findings change", () => {
    expect(staleKeys({ type: "findings-changed", study_instance_uid: "1.2" })).toContainEqual(["study", "1.2"]);
  });

  it("asks for lists again at once, then once for all that came meanwhile", () => {
    vi.useFakeTimers();
    const call = vi.fn();
    const { ask, stop } = spaced(call, 1_000);
    for (let event = 0; event < 5; event += 1) ask();
    expect(call).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1_000);
    expect(call).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5_000);
    expect(call).toHaveBeenCalledTimes(2);
    ask();
    expect(call).toHaveBeenCalledTimes(3);
    stop();
    vi.useRealTimers();
  });
});
