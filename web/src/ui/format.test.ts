import { describe, expect, it } from "vitest";

import { ageInYears, elapsed, formatDate, formatPersonName, formatProbability } from "./format";

const NOW = new Date("2026-11-24T12:00:00Z");

describe("what a clinician reads", () => {
  it("takes the ideographic name in Chinese and the alphabetic one in English", () => {
    expect(formatPersonName("Zhang^Guihua=张^桂花", "zh-CN")).toBe("张桂花");
    expect(formatPersonName("Zhang^Guihua=张^桂花", "en")).toBe("Zhang Guihua");
    expect(formatPersonName("", "en")).toBe("—");
  });

  it("reads both forms of a date", () => {
    expect(formatDate("20261124")).toBe("2026-11-24");
    expect(formatDate("2026-11-24")).toBe("2026-11-24");
    expect(formatDate(null)).toBeNull();
  });

  it("counts an age in whole years", () => {
    expect(ageInYears("1958-11-25", NOW)).toBe(67);
    expect(ageInYears("1958-11-24", NOW)).toBe(68);
    expect(ageInYears(null, NOW)).toBeNull();
  });

  it("never calls a model quite sure", () => {
    expect([0.9996, 0.994, 0.5, 0.001].map(formatProbability)).toEqual([">99%", "99%", "50%", "<1%"]);
  });

  it("never waits less than nothing", () => {
    expect(elapsed("2026-11-24T12:05:00Z", NOW)).toEqual({ unit: "minutes", count: 0 });
    expect(elapsed("2026-11-22T11:00:00Z", NOW)).toEqual({ unit: "days", count: 2 });
  });
});
