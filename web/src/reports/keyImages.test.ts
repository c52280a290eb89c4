import { describe, expect, it } from "vitest";

import type { KeyImage } from "../api/types";
import { inOrder, shownIds, toggled } from "./keyImages";

const marked = (id: string, made_at = "2026-03-01T12:00:00Z") => ({ id, made_at }) as KeyImage;
const all = ["a", "b", "c"].map((id) => marked(id));

describe("the key images of a report", () => {
  it("are the first that are there until somebody chooses", () => {
    expect(shownIds(null, all, 2)).toEqual(["a", "b"]);
    expect(shownIds([], all, 2)).toEqual([]);
  });

  it("stand in the order in which they were marked, whichever was chosen first", () => {
    expect(toggled(["c"], "a", all)).toEqual(["a", "c"]);
    expect(inOrder([marked("x", "2026-03-02T12:00:00Z"), marked("z"), marked("y")]).map(({ id }) => id)).toEqual(["y", "z", "x"]);
  });

  it("keep one that is no longer there until it is taken out", () => {
    expect(toggled(["gone", "b"], "a", all)).toEqual(["a", "b", "gone"]);
    expect(toggled(["a", "gone"], "gone", all)).toEqual(["a"]);
  });
});
