import { describe, expect, it } from "vitest";

import { mammogramsFrom, type DicomJson } from "./mammogramHeaders";

const header = (more: DicomJson = {}): DicomJson => ({
  "00080018": { Value: ["1.1"] },
  "0020000E": { Value: ["1"] },
  "00080060": { Value: ["MG"] },
  "00200062": { Value: ["L"] },
  "00185101": { Value: ["MLO"] },
  "00200020": { Value: ["A", "FR"] },
  "00280010": { Value: [3062] },
  "00280011": { Value: [2394] },
  "00181164": { Value: [0.094, 0.1] },
  ...more,
});
const one = (more: DicomJson = {}) => mammogramsFrom([header(more)])[0];
const view = (code: string, modifier?: string): DicomJson => ({
  "00540220": {
    Value: [
      { "00080100": { Value: [code] }, ...(modifier && { "00540222": { Value: [{ "00080100": { Value: [modifier] } }] } }) },
    ],
  },
});

describe("a mammogram's header", () => {
  it("says side, view, orientation, and its spacing with the columns first", () => {
    expect(one()).toMatchObject({ side: "L", view: "MLO", kind: "plain", orientation: ["A", "FR"], spacing: [0.1, 0.094] });
  });

  it("is read at the breast where it is magnified", () => {
    expect(one({ "00181114": { Value: [2] } })).toMatchObject({ spacing: [0.05, 0.047], kind: "part" });
  });

  it("names the view by its code where it has no words", () => {
    const coded = (code: string) => one({ "00185101": {}, ...view(code) })?.view;
    expect([coded("R-10242"), coded("399162004"), coded("R-10226"), coded("1")]).toEqual(["CC", "CC", "MLO", null]);
  });

  it("tells spot and implant displaced views from plain ones", () => {
    expect(one(view("R-10226", "399055006"))?.kind).toBe("part");
    expect(one(view("R-10226", "R-102D5"))?.kind).toBe("implant-displaced");
    expect(one({ "00185101": { Value: ["MLOID"] } })).toMatchObject({ view: "MLO", kind: "implant-displaced" });
    expect(one({ "00080068": { Value: ["FOR PROCESSING"] } })?.kind).toBe("raw");
  });

  it("of something else is no mammogram", () => {
    expect(mammogramsFrom([header({ "00080060": { Value: ["US"] } }), header({ "00280010": {} })])).toEqual([]);
  });
});
