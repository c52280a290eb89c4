import { describe, expect, it } from "vitest";

import type { Me, Role } from "../api/types";
import { homeOf } from "../worklist/sections";
import { firstSteps, PLACES, STEP_KEYS } from "./firstSteps";

const ROLES: readonly Role[] = [
  "grassroots-clinician", "specialist", "radiologist", "teacher", "student", "coordinator", "administrator", "privacy-officer",
];
const who = (...roles: Role[]) => ({ roles }) as Me;
/** Everybody that there can be: each set of roles but the empty one. */
const EVERYBODY = Array.from({ length: 2 ** ROLES.length - 1 }, (_, bits) =>
  who(...ROLES.filter((_role, place) => ((bits + 1) >> place) & 1)),
);

describe("first steps", () => {
  it("are three to five, each once, whatever somebody's roles are", () => {
    for (const me of EVERYBODY) {
      const steps = firstSteps(me);
      expect(steps.length, me.roles.join()).toBeGreaterThanOrEqual(3);
      expect(steps.length, me.roles.join()).toBeLessThanOrEqual(5);
      expect(new Set(steps).size).toBe(steps.length);
    }
  });

  it("lead whoever asks from the upload to their own answer", () => {
    expect(firstSteps(who("grassroots-clinician"))).toEqual(["upload", "request", "images", "room", "answer"]);
  });

  it("lead whoever reads from the worklist to a signed report", () => {
    expect(firstSteps(who("radiologist"))).toEqual(["worklist", "findings", "room", "report", "hours"]);
    expect(firstSteps(who("specialist", "administrator"))).toEqual(firstSteps(who("radiologist")));
  });

  it("name no page that is not that user's", () => {
    const visited = (me: Me) => firstSteps(me).map((step) => PLACES[step]?.split("?")[0]);
    for (const me of EVERYBODY) {
      const pages = visited(me);
      if (!me.roles.includes("administrator")) expect(pages).not.toContain("/devices");
      if (!me.roles.includes("privacy-officer")) expect(pages).not.toContain("/privacy");
      if (!me.roles.includes("grassroots-clinician")) expect(pages).not.toContain("/consults/new");
      if (homeOf(me) !== "/") expect(pages).not.toContain("/");
    }
  });

  it("name keys of the application", () => {
    expect(STEP_KEYS.findings).toEqual(["j", "k", "a", "r", "u"]);
  });
});
