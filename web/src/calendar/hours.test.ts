import { describe, expect, it } from "vitest";

import type { Availability } from "../api/types";
import { availabilityFrom, draftOf, hoursFrom } from "./hours";

const AVAILABILITY: Availability = {
  time_zone: "Asia/Urumqi",
  slot_minutes: 30,
  weekly: { "1": [{ begins: 540, ends: 720 }], "7": [{ begins: 1200, ends: 1440 }] },
  exceptions: { "2026-05-01": [], "2026-05-02": [{ begins: 600, ends: 660 }] },
  reminders_min: [15],
  version: 3,
};

describe("hours being edited", () => {
  it("are sent as they came where nothing was changed", () => {
    expect(availabilityFrom(draftOf(AVAILABILITY), 3)).toEqual(AVAILABILITY);
  });
  it("are not sent while one ends before it begins, or a day is given twice", () => {
    expect(hoursFrom([{ begins: "10:00", ends: "09:00" }])).toBeNull();
    expect(hoursFrom([{ begins: "", ends: "09:00" }])).toBeNull();
    const day = { day: "2026-05-01", off: true, rows: [] };
    expect(availabilityFrom({ ...draftOf(AVAILABILITY), days: [day, day] }, 3)).toBeNull();
  });
});
