import { describe, expect, it } from "vitest";

import { afterSaveEvent, type SaveState } from "./draft";

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
