import { describe, expect, it } from "vitest";

import type { DecisionStatus, Finding, Series } from "../api/types";
import { mayDecide, neighbour, nextUndecided, orderedFindings } from "./order";

const aFinding = (id: string, probability: number, series = "s1", status: DecisionStatus = "preliminary") =>
  ({ id, probability, series_instance_uid: series, status }) as Finding;
const SERIES = [{ series_instance_uid: "s1" }, { series_instance_uid: "s2" }] as Series[];

describe("the list of findings", () => {
  it("goes by series, then by probability", () => {
    const findings = [aFinding("c", 0.9, "s2"), aFinding("b", 0.5), aFinding("a", 0.8)];
    expect(orderedFindings(findings, SERIES).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("is stepped through without running off its ends", () => {
    const findings = [aFinding("a", 0.9), aFinding("b", 0.8)];
    expect(neighbour(findings, null, 1)?.id).toBe("a");
    expect(neighbour(findings, null, -1)?.id).toBe("b");
    expect(neighbour(findings, "b", 1)?.id).toBe("b");
    expect(neighbour(findings, "a", -1)?.id).toBe("a");
    expect(neighbour([], null, 1)).toBeNull();
  });

  it("leads from a decision to the next undecided one, around the end", () => {
    const findings = [aFinding("a", 0.9), aFinding("b", 0.8, "s1", "accepted"), aFinding("c", 0.7)];
    expect(nextUndecided(findings, "c")?.id).toBe("a");
    expect(nextUndecided(findings, "a")?.id).toBe("c");
    expect(nextUndecided([aFinding("a", 1)], "a")).toBeNull();
  });

  it("does not take the same decision twice", () => {
    expect(mayDecide(aFinding("a", 1, "s1", "accepted"), "accepted")).toBe(false);
    expect(mayDecide(aFinding("a", 1), "preliminary")).toBe(false);
    expect(mayDecide(aFinding("a", 1, "s1", "rejected"), "accepted")).toBe(true);
  });
});
