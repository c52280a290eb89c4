import { describe, expect, it } from "vitest";

import { countdown } from "./countdown";

const NOON = new Date("2026-03-01T12:00:00Z");

describe("the time until the next rung", () => {
  it.each([
    ["2026-03-01T12:04:09Z", "04:09"],
    ["2026-03-01T12:00:00.400Z", "00:01"],
    ["2026-03-01T13:30:00Z", "90:00"],
    ["2026-03-01T12:00:00Z", null],
    ["2026-03-01T11:00:00Z", null],
    ["never", null],
  ])("until %s is %s", (until, shown) => {
    expect(countdown(until, NOON)).toBe(shown);
  });
});
