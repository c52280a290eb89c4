import { describe, expect, it } from "vitest";

import { shownFaces, withSpeaker } from "./shownFaces";

const senders = ["anna", "ben", "carla", "dan", "eva", "fay", "gus"];
const shown = (change: Partial<Parameters<typeof shownFaces>[0]> = {}) =>
  [...shownFaces({ senders, spoke: [], always: [], share: "paused", ...change })].sort();

describe("on a line that is thin", () => {
  it("those are seen who spoke last", () => {
    expect(shown({ spoke: ["gus", "carla", "anna"] })).toEqual(["carla", "gus"]);
    expect(shown({ spoke: ["gus", "carla"], share: "limited" })).toEqual(["anna", "ben", "carla", "gus"]);
  });

  it("so is whoever presents or is shown large, also beyond the number", () => {
    expect(shown({ spoke: ["gus", "carla"], always: ["eva", null] })).toEqual(["eva", "gus"]);
    expect(shown({ spoke: ["gus"], always: ["anna", "ben", "carla"] })).toEqual(["anna", "ben", "carla"]);
  });

  it("nobody is left out of a small call", () => {
    expect(shown({ senders: ["anna", "ben"] })).toEqual(["anna", "ben"]);
  });

  it("who sends no picture takes nobody's place", () => {
    expect(shown({ senders: ["ben", "dan"], spoke: ["anna", "carla", "dan"] })).toEqual(["ben", "dan"]);
  });
});

it("on a good line all are seen", () => {
  expect(shown({ share: "free" })).toEqual(senders);
});

it("who speaks again is the last one who spoke", () => {
  expect(withSpeaker(["anna", "ben"], "ben")).toEqual(["ben", "anna"]);
});
