import { describe, expect, it } from "vitest";

import { doublingTime, volumeText } from "./measures";

const comparison = {
  change: "growing" as const,
  study_instance_uid: "1.2",
  study_date: "2026-01-05",
  interval_days: 90,
  diameter_mm: 8,
  volume_mm3: 268,
  doubling_time_days: 120,
  doubling_time_low_days: 80,
  doubling_time_high_days: 240,
};

describe("a doubling time", () => {
  it("is told with both ends where it surely grows", () => {
    expect(doublingTime(comparison)).toEqual({ key: "daysRange", days: 120, low: 80, high: 240 });
  });
  it("is open above where it may not grow", () => {
    expect(doublingTime({ ...comparison, doubling_time_high_days: null })).toEqual({ key: "daysOpen", days: 120, low: 80 });
  });
  it("is not told of what shrinks or stays", () => {
    expect(doublingTime({ ...comparison, doubling_time_days: -300 })).toBeNull();
    expect(doublingTime({ ...comparison, doubling_time_days: null })).toBeNull();
  });
});

describe("a volume", () => {
  it("is in mm³ below a cubic centimetre, then in cm³", () => {
    expect([volumeText(268.4), volumeText(4210)]).toEqual(["268 mm³", "4.2 cm³"]);
  });
});
