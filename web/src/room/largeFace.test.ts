import { expect, it } from "vitest";

import { largeFace } from "./largeFace";

const others = ["anna", "ben"];

it("follows who spoke last", () => {
  expect(largeFace({ others, keptId: null, heardId: "ben" })).toBe("ben");
});

it("stays with whom the user keeps", () => {
  expect(largeFace({ others, keptId: "anna", heardId: "ben" })).toBe("anna");
});

it("forgets who has left", () => {
  expect(largeFace({ others: ["ben"], keptId: "anna", heardId: "carla" })).toBe("ben");
  expect(largeFace({ others: [], keptId: "anna", heardId: "ben" })).toBeNull();
});

it("shows somebody before anybody has spoken", () => {
  expect(largeFace({ others, keptId: null, heardId: null })).toBe("anna");
});
