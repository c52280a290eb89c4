import { describe, expect, it } from "vitest";

import type { Report } from "../api/types";
import { afterSaveEvent, bodyOf, draftOf, opening, sameDraft, type Draft, type SaveState } from "./draft";

const at = (state: SaveState["at"]): SaveState => ({ at: state });

describe("the save sign of a report", () => {
  it("does not say saved when more was typed while saving", () => {
    const typed = afterSaveEvent(at("saving"), "typed");
    expect(afterSaveEvent(typed, "stored")).toEqual(at("unsaved"));
  });

  it("keeps a conflict until somebody resolves it", () => {
    expect(afterSaveEvent(at("conflict"), "typed")).toEqual(at("conflict"));
    expect(afterSaveEvent(at("conflict"), "stored")).toEqual(at("conflict"));
    expect(afterSaveEvent(at("conflict"), "resolved")).toEqual(at("saved"));
  });
});

const report = {
  findings_text: "",
  conclusion: "a nodule",
  recommendation: "",
  version: 4,
  key_images: null,
  structured: { template: { id: "chest-ct", version: 1 }, written: { lungs: { value: "clear", over: null } } },
} as unknown as Report;

describe("an editor that opens", () => {
  const typed: Draft = { ...draftOf(report), conclusion: "a nodule of 8 mm" };

  it("shows the server's report where nothing was left here", () => {
    expect(opening(report, null)).toEqual({ draft: draftOf(report), version: 4, save: at("saved") });
    expect(opening(report, { draft: draftOf(report), version: 3 }).save).toEqual(at("saved"));
  });

  it("goes on with what was typed and never arrived", () => {
    expect(opening(report, { draft: typed, version: 4 })).toEqual({ draft: typed, version: 4, save: at("unsaved") });
  });

  it("asks where the server's report was changed since", () => {
    expect(opening(report, { draft: typed, version: 3 })).toEqual({ draft: typed, version: 3, save: at("conflict") });
  });
});

it("two drafts are the same where every text, value, key image and the template are", () => {
  const draft = draftOf(report);
  expect(sameDraft(draft, { ...draft, written: { lungs: { value: "clear" } } })).toBe(true);
  expect(sameDraft(draft, { ...draft, written: {} })).toBe(false);
  expect(sameDraft(draft, { ...draft, template: { id: "chest-ct", version: 2 } })).toBe(false);
  expect(sameDraft(draft, { ...draft, key_images: undefined })).toBe(true);
  expect(sameDraft(draft, { ...draft, key_images: [] })).toBe(false);
  expect(bodyOf(draft, 4)).toEqual({ ...draft, version: 4 });
});
