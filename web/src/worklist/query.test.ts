import { describe, expect, it } from "vitest";

import { asServerAsks, categoryName, countFilters, EVERYTHING, formatQuery, parseQuery } from "./query";

const FULL = {
  ...EVERYTHING,
  q: "王伟 ct&x",
  kind: "study" as const,
  modality: ["CT", "MG"],
  state: ["unread" as const],
  urgency: ["emergency" as const],
  assigned: "me" as const,
  days: 7,
  undecided: true,
  min_category: 4.2,
  min_probability: 0.9,
  sort: "ai" as const,
};

describe("the worklist's address", () => {
  it("says the same when it is read again", () => {
    expect(parseQuery(formatQuery(FULL))).toEqual(FULL);
    expect(formatQuery(EVERYTHING).toString()).toBe("");
  });

  it("leaves out what there is not", () => {
    const odd = new URLSearchParams("sort=size&state=lost&state=read&days=-3&since=today&min_category=x&kind=all");
    expect(parseQuery(odd)).toEqual({ ...EVERYTHING, state: ["read"] });
  });

  it("becomes moments for the server, to the end of the last day", () => {
    const now = new Date("2026-11-27T12:00:00Z");
    expect(asServerAsks(FULL, now).get("since")).toBe("2026-11-20T12:00:00.000Z");
    const dates = asServerAsks({ ...EVERYTHING, since: "2026-11-01", until: "2026-11-01" }, now);
    const lasts = new Date(dates.get("until") ?? "").getTime() - new Date(dates.get("since") ?? "").getTime();
    expect(lasts).toBe(86_400_000);
  });

  it("counts conditions, not their values", () => {
    expect(countFilters(FULL)).toBe(8);
    expect(countFilters({ ...EVERYTHING, q: "x", kind: "study", sort: "ai" })).toBe(0);
  });

  it("calls classes by their names", () => {
    expect([3, 4, 4.2, 4.4, 4.6, 5].map(categoryName)).toEqual(["3", "4", "4A", "4B", "4C", "5"]);
  });
});
