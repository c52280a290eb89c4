import { describe, expect, it } from "vitest";

import { addDays, byDay, clockText, dayOf, elsewhere, minuteFrom, minuteOf, mondayOf, timeOf } from "./time";

describe("a time in a zone", () => {
  it("follows daylight saving", () => {
    expect(timeOf("2026-03-28T08:00:00Z", "Europe/Berlin")).toBe("09:00");
    expect(timeOf("2026-03-29T07:00:00Z", "Europe/Berlin")).toBe("09:00");
  });
  it("is midnight as 00:00, not 24:00", () => {
    expect(timeOf("2026-03-28T16:00:00Z", "Asia/Shanghai")).toBe("00:00");
    expect(minuteOf("2026-03-28T16:00:00Z", "Asia/Shanghai")).toBe(0);
  });
  it("lies on another day east of here", () => expect(dayOf("2026-03-28T16:00:00Z", "Asia/Shanghai")).toBe("2026-03-29"));
  it("is told for elsewhere only where the clocks differ", () => {
    expect(elsewhere("2026-03-28T01:00:00Z", "Asia/Shanghai", "Asia/Hong_Kong")).toBeNull();
    expect(elsewhere("2026-03-28T01:00:00Z", "Asia/Urumqi", "Asia/Shanghai")).toBe("07:00");
    expect(elsewhere("2026-03-28T17:00:00Z", "Asia/Shanghai", "Europe/Berlin")).toBe("03-29 01:00");
  });
});

describe("days", () => {
  it("begin a week on Monday, also across a year", () => {
    expect(mondayOf("2026-11-29")).toBe("2026-11-23");
    expect(mondayOf("2027-01-01")).toBe("2026-12-28");
    expect(addDays("2026-12-28", 7)).toBe("2027-01-04");
  });
  it("collect what begins on them", () => {
    const found = byDay([{ starts_at: "2026-03-28T15:00:00Z" }, { starts_at: "2026-03-28T16:00:00Z" }], "Asia/Shanghai");
    expect([...found.keys()]).toEqual(["2026-03-28", "2026-03-29"]);
  });
});

it("reads the minutes that it writes", () => {
  for (const minute of [0, 570, 1435, 1440]) expect(minuteFrom(clockText(minute))).toBe(minute);
  expect(minuteFrom("")).toBeNull();
});
