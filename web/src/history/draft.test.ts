import { describe, expect, it } from "vitest";

import type { HistoryItem } from "../api/types";
import { asLocal, boundsFor, EMPTY_HISTORY, found, historyFaults, namedDraft, recordsOf, splitTyped, withRecords, withZone } from "./draft";

const item = (over: Partial<HistoryItem>): HistoryItem => ({
  kind: "laboratory",
  system: "http://loinc.org",
  code: "2823-3",
  en: "Potassium",
  zh: "血钾",
  pinyin: "xj",
  unit: "mmol/L",
  bounds: { low: 3.5, high: 5.3 },
  of_women: null,
  ...over,
});
const penicillin = item({ kind: "allergy", code: "J01C", en: "Penicillins", zh: "青霉素类", pinyin: "qmsl", unit: "", bounds: null });
const haemoglobin = item({ code: "718-7", bounds: { low: 130, high: 175 }, of_women: { low: 115, high: 150 } });
const NOW = new Date("2026-03-01T12:00:00Z");

describe("what is typed", () => {
  it.each([
    ["xj 6.1", "xj", "6.1"],
    ["血钾：<0.5", "血钾", "<0.5"],
    ["CA 125 80", "CA 125", "80"],
    ["penicillin", "penicillin", ""],
  ])("%s is a name and a value", (typed, name, value) => expect(splitTyped(typed)).toEqual({ name, value }));

  it("is found by either name or the initials, and with a value only where something is measured", () => {
    const items = [item({}), penicillin];
    for (const typed of ["青霉", "qms", "peni"]) expect(found(items, typed)).toEqual([penicillin]);
    expect(found(items, "xj 6.1").map(({ code }) => code)).toEqual(["2823-3"]);
    expect(found(items, "qms 6")).toEqual([]);
    expect(found(items, "")).toEqual([]);
  });
});

describe("a reference range", () => {
  it("is proposed for an adult of known sex where that matters, and for no child", () => {
    const adult = { birth_date: "1960-01-01", sex: "F" };
    expect(boundsFor(haemoglobin, adult, NOW)).toEqual({ low: "115", high: "150" });
    expect(boundsFor(haemoglobin, { ...adult, sex: null }, NOW)).toEqual({ low: "", high: "" });
    expect(boundsFor(item({}), { ...adult, sex: null }, NOW)).toEqual({ low: "3.5", high: "5.3" });
    expect(boundsFor(item({}), { birth_date: "2020-01-01", sex: "M" }, NOW)).toEqual({ low: "", high: "" });
    expect(boundsFor(item({}), null, NOW)).toEqual({ low: "", high: "" });
  });
});

describe("a draft", () => {
  const result = { id: "1", kind: "observation", category: "laboratory", text: "K", coding: null, unit: "mmol/L", low: "3.5", high: "5,3", at: "", stated: null } as const;

  it("sends figures, bounds and words as what they are, and nothing for an empty result", () => {
    const results = ["≤ 6,1", "positive", " "].map((typed, n) => ({ ...result, id: `${n}`, typed }));
    expect(recordsOf({ ...EMPTY_HISTORY, results })).toMatchObject([
      { value: 6.1, comparator: "<=", words: "", low: 3.5, high: 5.3 },
      { value: null, comparator: null, words: "positive" },
    ]);
  });

  it("says which line cannot be read", () => {
    const named = [{ ...namedDraft("a", "condition", "Gout", null), onset: "last year" }, { ...namedDraft("b", "condition", "Gout", null), onset: "2019-03" }];
    const results = [{ ...result, typed: "4", low: "6" }, { ...result, id: "2", typed: "4", high: "five" }];
    expect([...historyFaults({ ...EMPTY_HISTORY, named, results })]).toEqual([["a", "onset"], ["1", "bounds"], ["2", "bounds"]]);
  });

  it("keeps what was read through a round, and drops 'none known' beside a named one", () => {
    let count = 0;
    const drafts = { noneKnown: ["allergy"] as const, named: [{ ...namedDraft("a", "condition", "Gout", null), isPast: true }], results: [{ ...result, typed: "<6.1", at: "2026-03-01" }] };
    const records = recordsOf(drafts);
    const again = withRecords(EMPTY_HISTORY, records, () => `${count++}`);
    expect(recordsOf(again)).toEqual(records);
    const latex = recordsOf({ ...EMPTY_HISTORY, named: [namedDraft("x", "allergy", "Latex", null)] });
    expect(withRecords(again, latex, () => `${count++}`).noneKnown).toEqual([]);
  });

  it("keeps a moment through its input", () => {
    expect(withZone(asLocal("2026-03-01T08:30:00.000Z"))).toBe("2026-03-01T08:30:00.000Z");
    expect(withZone("2026-03")).toBe("2026-03");
  });
});
