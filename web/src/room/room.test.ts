import { describe, expect, it } from "vitest";

import type { AiStatus, Series, StudyDetail, StudySummary } from "../api/types";
import { NO_CALL } from "../signaling/lineStats";
import { arrivals } from "./arrivals";
import { colourOf } from "./colours";
import { worseOf } from "../signaling/linePolicy";
import { lineFacts } from "./lineWords";
import { lookOf, presenterPlace, studyOnScreen } from "./look";

const INSTITUTION = { id: "i", name_en: "Township", name_zh: "乡镇" };

function aStudy(uid: string, status: AiStatus = "queued", count = 0): StudySummary {
  return {
    study_instance_uid: uid,
    patient: { id: "p", name: "A", patient_id: "1", birth_date: null, sex: null },
    study_date: null,
    study_description: null,
    modalities: ["CT"],
    series_count: 1,
    instance_count: 1,
    institution: INSTITUTION,
    uploaded_by: null,
    received_at: "2026-11-24T00:00:00Z",
    tier: "archive",
    ai: { status, progress: 0, stage: null, finding_count: count, undecided_count: count, reason: null },
  };
}
const shared = {
  studyInstanceUid: "2",
  seriesInstanceUid: "2.1",
  sopInstanceUid: "2.1.1",
  frame: 0,
  windowCenter: 40,
  windowWidth: 400,
  zoom: 1,
  panX: 0,
  panY: 0,
  rotation: 0 as const,
  flip: false,
  invert: false,
  findingId: null,
  tool: null,
  layout: "stack" as const,
  prior: null,
  hanging: null,
  mpr: null,
};

describe("what is on the screen", () => {
  it("is the presenter's picture until the user looks away", () => {
    expect(lookOf({ selfId: "a", presenterId: "b", isAway: false })).toBe("following");
    expect(lookOf({ selfId: "a", presenterId: "b", isAway: true })).toBe("free");
  });

  it("is the user's own as presenter, wherever they looked before", () => {
    expect(lookOf({ selfId: "a", presenterId: "a", isAway: true })).toBe("presenting");
  });

  it("is nobody's own before the room has said who one is", () => {
    expect(lookOf({ selfId: null, presenterId: null, isAway: false })).toBe("following");
  });

  it("is the presenter's study while following and the chosen one otherwise", () => {
    expect(studyOnScreen("following", shared, "1", ["1", "2"])).toBe("2");
    expect(studyOnScreen("free", shared, "1", ["1", "2"])).toBe("1");
    expect(studyOnScreen("presenting", null, null, ["1", "2"])).toBe("1");
    expect(studyOnScreen("following", null, null, [])).toBeNull();
  });
});

describe("the place of the presenter, for who looks elsewhere", () => {
  const slices = ["2.1.0", "2.1.1"].map((uid) => ({ sop_instance_uid: uid, number_of_frames: 1 }));
  const series = { series_instance_uid: "2.1", description: "Chest", modality: "CT", instances: slices } as Series;
  const study = { ...aStudy("2"), series: [series] } as unknown as StudyDetail;

  it("is a slice of a series, counted from 1", () => {
    expect(presenterPlace(shared, study)).toEqual({ kind: "slice", slice: 2, series: "Chest" });
  });

  it("is another study, or not known", () => {
    expect(presenterPlace({ ...shared, studyInstanceUid: "1" }, study)).toEqual({ kind: "otherStudy" });
    expect(presenterPlace({ ...shared, sopInstanceUid: "2.1.9" }, study)).toBeNull();
    expect(presenterPlace(null, study)).toBeNull();
  });
});

describe("arrivals", () => {
  it("are silent about what was there on entering", () => {
    expect(arrivals(null, [aStudy("1", "completed", 3)])).toEqual([]);
  });

  it("tell of a new study, then of its findings, each once", () => {
    const [before, added, read] = [[aStudy("1")], [aStudy("1"), aStudy("2", "running")], [aStudy("1"), aStudy("2", "completed", 3)]];
    expect(arrivals(before, added).map(({ kind }) => kind)).toEqual(["study"]);
    expect(arrivals(added, read)).toMatchObject([{ kind: "findings", count: 3 }]);
    expect(arrivals(read, read)).toEqual([]);
  });

  it("tell of a study that the AI could not read", () => {
    expect(arrivals([aStudy("1", "running")], [aStudy("1", "failed")])).toMatchObject([{ kind: "unread" }]);
  });
});

it("gives two people in a room different colours, the same on both screens", () => {
  expect(colourOf("a", ["a", "b"])).not.toBe(colourOf("b", ["a", "b"]));
  expect(colourOf("a", ["b", "a"])).toBe(colourOf("a", ["a", "b"]));
});

describe("what is said of the line", () => {
  const figures = { rttMs: 84, lossOut: 0.021, lossIn: null, jitterMs: 9, concealed: 0, availableBps: null, sentBps: 61_400 };

  it("has the unit of each figure and the call's worst, and leaves out what is not known", () => {
    const quality = { ...NO_CALL, lossOut: { count: 9, mean: 0.05, most: 0.31 } };
    expect(lineFacts({ figures, quality })).toEqual([
      { fact: "lossOut", value: "2.1 % (≤ 31 %)" },
      { fact: "rtt", value: "84 ms" },
      { fact: "jitter", value: "9 ms" },
      { fact: "sent", value: "61 kbit/s" },
      { fact: "freezes", value: "0" },
    ]);
    expect(lineFacts({ figures: null, quality })).toEqual([]);
  });

  it("has the colour of the worse of the two ways", () => {
    expect(worseOf({ out: "good", in: "poor" })).toBe("poor");
    expect(worseOf({ out: "fair", in: "good" })).toBe("fair");
    expect(worseOf({ out: "good", in: "good" })).toBe("good");
  });
});
