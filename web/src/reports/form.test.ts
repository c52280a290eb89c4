import { describe, expect, it } from "vitest";

import type { Prefilled, StructuredReport, TemplateSection } from "../api/types";
import { asOwnRow, isDisputed, rowsOf, typedNumber, valueAt, withoutRow, withRow, withValue } from "./form";

const found = { path: "diameter#f1", value: 8.2 } as Prefilled;
const section = { id: "nodules", fields: [{ id: "lobe" }, { id: "diameter" }] } as unknown as TemplateSection;
const structured = {
  rows: [
    { section: "nodules", id: "f1", finding_number: "1", is_lost: false },
    { section: "nodules", id: "f2", finding_number: null, is_lost: true },
  ],
} as unknown as StructuredReport;

describe("a value that a finding fills in", () => {
  it("is the finding's until the writer sets another, and again when that is the same", () => {
    expect(valueAt({}, found, "diameter#f1")).toBe(8.2);
    const written = withValue({}, "diameter#f1", 7.5, found);
    expect(written).toEqual({ "diameter#f1": { value: 7.5, over: 8.2 } });
    expect(valueAt(written, found, "diameter#f1")).toBe(7.5);
    expect(withValue(written, "diameter#f1", 8.2, found)).toEqual({});
  });

  it("stays empty where the writer emptied it", () => {
    expect(valueAt(withValue({}, "diameter#f1", null, found), found, "diameter#f1")).toBeNull();
  });

  it("is disputed only once the finding says something else than was replaced", () => {
    const set = { value: 7.5, over: 8.2 };
    expect(isDisputed(set, found)).toBe(false);
    expect(isDisputed(set, { ...found, value: 11 })).toBe(true);
    expect(isDisputed(set, { ...found, value: 7.5 })).toBe(false);
    expect(isDisputed(undefined, found)).toBe(false);
  });
});

it("a field begins with what its template gives it until a finding or the writer says something, or empties it", () => {
  expect(valueAt({}, undefined, "lungs", "Clear.")).toBe("Clear.");
  expect(valueAt({}, { path: "lungs", value: "Nodule" } as Prefilled, "lungs", "Clear.")).toBe("Nodule");
  expect(valueAt({ lungs: { value: "Scar", over: null } }, undefined, "lungs", "Clear.")).toBe("Scar");
  expect(valueAt({ lungs: { value: null, over: null } }, undefined, "lungs", "Clear.")).toBeNull();
});

describe("the rows of a section", () => {
  it("are those of findings, of lost ones that something was written about, and the writer's own", () => {
    const written = withRow({ "lobe#f2": { value: "RUL" } }, section, "a");
    expect(rowsOf(section, structured, written).map(({ id, isLost }) => [id, isLost])).toEqual([
      ["f1", false],
      ["f2", true],
      ["own-a", false],
    ]);
    expect(rowsOf(section, structured, withoutRow(withoutRow(written, "f2"), "own-a")).map(({ id }) => id)).toEqual(["f1"]);
  });

  it("keep what was written of a lost finding as the writer's own", () => {
    expect(asOwnRow({ "lobe#f2": { value: "RUL", over: "LUL" }, smoking: { value: "never" } }, "f2", "b")).toEqual({
      "lobe#own-b": { value: "RUL", over: null },
      smoking: { value: "never" },
    });
  });
});

it("a number is a number, and what is none stays as it was typed", () => {
  expect(["8", " 8,5 ", "-2.25", "", "about 8", "8."].map(typedNumber)).toEqual([8, 8.5, -2.25, null, "about 8", "8."]);
});
