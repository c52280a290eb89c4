import { describe, expect, it } from "vitest";

import { RECONNECT_MOST_MS, reconnectDelayMs, staleKeys } from "./events";

describe("the event stream", () => {
  it("waits longer after each failure, up to a ceiling", () => {
    const delays = Array.from({ length: 12 }, (_, attempt) => reconnectDelayMs(attempt));
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBe(RECONNECT_MOST_MS);
  });

  it("makes the study stale when its findings change", () => {
    expect(staleKeys({ type: "findings-changed", study_instance_uid: "1.2" })).toContainEqual(["study", "1.2"]);
  });
});
