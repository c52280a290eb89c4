import { describe, expect, it } from "vitest";

import { obstacleToSigning, type ReportAtHand } from "./maySign";

const READY: ReportAtHand = {
  consult: { status: "reporting", possible_events: ["sign"] },
  report: { may_write: true, undecided_count: 0 },
  conclusion: "A nodule",
  isCompared: true,
  faultCount: 0,
  save: "saved",
};

describe("signing by its key", () => {
  it("goes on where nothing stands in the way", () => {
    expect(obstacleToSigning(READY)).toBeNull();
  });

  it.each([
    ["signed", { consult: { status: "signed", possible_events: ["acknowledge"] } }],
    ["notYours", { report: { may_write: false, undecided_count: 3 } }],
    ["callFirst", { consult: { status: "in-progress", possible_events: ["end"] } }],
    ["undecided", { report: { may_write: true, undecided_count: 1 }, conclusion: "" }],
    ["conclusion", { conclusion: " " }],
    ["comparison", { isCompared: false }],
    ["fields", { faultCount: 2 }],
    ["conflict", { save: "conflict" }],
  ] as const)("says what has to happen first: %s", (obstacle, change) => {
    expect(obstacleToSigning({ ...READY, ...change } as ReportAtHand)).toBe(obstacle);
  });
});
