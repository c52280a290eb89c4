import { describe, expect, it } from "vitest";

import type { Finding } from "../api/types";
import { shownFindings } from "./aiFilter";
import { hidesAi, parseReaderFirst, withRead } from "./readerFirst";

const FINDINGS = [0.3, 0.6, 0.9].map((probability) => ({ id: `p${probability}`, probability }) as Finding);
const shownAt = (least: number, selectedId: string | null = null) =>
  shownFindings(FINDINGS, least, selectedId).map(({ probability }) => probability);

it("marks are shown from the least probability on, that one included", () => {
  expect(shownAt(0)).toEqual([0.3, 0.6, 0.9]);
  expect(shownAt(0.6)).toEqual([0.6, 0.9]);
});

it("the selected finding stays in sight whatever its probability", () => {
  expect(shownAt(0.95, "p0.3")).toEqual([0.3]);
});

describe("a reader who reads first", () => {
  const on = { isOn: true, readStudies: [] };

  it("sees the AI results of the study that was read, and of no other", () => {
    const read = withRead(on, "1.2");
    expect(hidesAi(on, "1.2")).toBe(true);
    expect(hidesAi(read, "1.2")).toBe(false);
    expect(hidesAi(read, "1.3")).toBe(true);
  });

  it("is hidden nothing once the setting is off", () => {
    expect(hidesAi({ ...on, isOn: false }, "1.2")).toBe(false);
  });

  it("finds the setting again in the browser, and the usual one where what is kept cannot be read", () => {
    const read = withRead(on, "1.2");
    expect(parseReaderFirst(JSON.stringify(read))).toEqual(read);
    for (const text of [null, "{", "3", '{"isOn":"yes","readStudies":[]}']) {
      expect(parseReaderFirst(text)).toEqual({ isOn: false, readStudies: [] });
    }
  });
});
