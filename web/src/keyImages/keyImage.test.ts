import { describe, expect, it } from "vitest";

import type { KeyImage, Me, Series } from "../api/types";
import type { ShownImage } from "../viewer/viewerState";
import { isOf, keyImageOf, shownAs, ticksOf } from "./keyImage";

const series = {
  series_instance_uid: "1.2.3",
  series_number: 4,
  description: "lung",
  modality: "CT",
  instances: [{ sop_instance_uid: "1.2.3.7", instance_number: 7, number_of_frames: 1 }],
} as unknown as Series;
const me = { id: "li", display_name: "Li", institution: { id: "a", name_en: "A", name_zh: "甲" } } as Me;
const at = new Date("2026-03-02T12:00:00Z");
const screen = (sopInstanceUid: string) =>
  ({ sopInstanceUid, frame: 0, windowCenter: 40.004, windowWidth: 400, invert: true, rotation: 180, flip: true }) as ShownImage;
const marked = (sop = "1.2.3.7"): KeyImage | null => keyImageOf("id", { study_instance_uid: "1.2", study_date: "2026-01-05" }, series, screen(sop), me, at);
const one = marked();

describe("a key image", () => {
  it("is the picture on the screen in its window, under the name of who marks it", () => {
    expect(one).toMatchObject({ window: { center: 40, width: 400 }, invert: true, instance_number: 7, series_number: 4, place: { index: 1, count: 1 } });
    expect(one?.made_by.id).toBe("li");
    expect(isOf(one!, { sopInstanceUid: "1.2.3.7", frame: 0 })).toBe(true);
    expect(isOf(one!, { sopInstanceUid: "1.2.3.7", frame: 1 })).toBe(false);
  });

  it("is none where no image of the series is shown", () => {
    expect(marked("1.9")).toBeNull();
  });

  it("is shown again in its window and as it lay, at the zoom of the picture before it", () => {
    const before = { zoom: 2, panX: 5, panY: 6, rotation: 90, flip: true, windowCenter: 1, windowWidth: 1 } as ShownImage;
    expect(shownAs(one!, before)).toMatchObject({ zoom: 2, rotation: 180, windowCenter: 40, windowWidth: 400, invert: true });
    expect(shownAs({ ...one!, turn: null }, before)).toMatchObject({ rotation: 90, flip: true });
    expect(shownAs(one!, null)).toMatchObject({ zoom: 1, rotation: 180, sopInstanceUid: "1.2.3.7", windowCenter: 40 });
  });

  it("without a window is shown as its own header has it", () => {
    expect(shownAs({ ...one!, window: null }, null)).toBeNull();
  });

  it("is on the slider once, however many marked it", () => {
    const slices = ["1.1", "1.2.3.7"].map((sopInstanceUid) => ({ sopInstanceUid, frame: 0, imageId: "" }));
    expect(ticksOf([one!, { ...one!, id: "other" }], slices)).toEqual([1]);
  });
});
