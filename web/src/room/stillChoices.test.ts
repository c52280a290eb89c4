import { describe, expect, it } from "vitest";

import type { Participant } from "../signaling/session";
import { keyOf, stillChoices } from "./stillChoices";

const stream = {} as MediaStream;
const somebody = (id: string, more: Partial<Participant>): Participant => ({
  id,
  displayName: id,
  role: "presenter",
  moderator: false,
  audio: true,
  video: true,
  screen: false,
  reconnecting: false,
  line: null,
  mayPresent: true,
  asksToPresent: false,
  stream,
  screenStream: null,
  ...more,
});

describe("of what a still can be taken", () => {
  it("is every picture that arrives, a shared screen first, and one's own camera while it is on", () => {
    const others = [somebody("anna", { screenStream: stream }), somebody("ben", {})];
    expect(stillChoices(stream, "me", others, ["anna", "ben"]).map(keyOf)).toEqual([
      "screen anna",
      "camera anna",
      "camera ben",
      "camera me",
    ]);
  });

  it("is nobody who came by a link", () => {
    const others = [somebody("paul", { role: "patient", screenStream: stream }), somebody("ben", { role: "interpreter" })];
    expect(stillChoices(null, null, others, ["paul", "ben"])).toEqual([]);
  });

  it("is nothing that is switched off, left out on a thin line, or has not come yet", () => {
    const others = [somebody("anna", { video: false }), somebody("ben", {}), somebody("carla", { stream: null })];
    expect(stillChoices(stream, null, others, ["anna", "carla"])).toEqual([]);
    expect(stillChoices(null, "me", [], [])).toEqual([]);
  });
});
