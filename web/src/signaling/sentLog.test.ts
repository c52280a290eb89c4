import { describe, expect, it } from "vitest";

import type { ClientMessage } from "./messages";
import { SentLog } from "./sentLog";

const media = (audio: boolean): ClientMessage => ({ type: "media", audio, video: false, screen: false });
const admit = (participantId: string): ClientMessage => ({ type: "admit", participantId });
const filled = (log: SentLog, ...messages: ClientMessage[]) => {
  for (const message of messages) log.push(message);
  return log;
};

describe("what was sent", () => {
  it("is sent again from the first message that the server lacks", () => {
    const log = filled(new SentLog(), admit("1"), admit("2"), admit("3"));
    expect(log.resume(1)).toEqual([admit("2"), admit("3")]);
  });

  it("is counted on from there", () => {
    const log = filled(new SentLog(), admit("1"), admit("2"));
    const missed = log.resume(1) ?? [];
    filled(log, ...missed, admit("3"));
    expect(log.resume(2)).toEqual([admit("3")]);
  });

  it("leaves out what a later message made worthless, and keeps its place in the count", () => {
    const log = filled(new SentLog(), media(true), admit("1"), media(false));
    expect(log.resume(0)).toEqual([admit("1"), media(false)]);
    expect(filled(log, admit("1"), media(false)).resume(2)).toEqual([]);
  });

  it("cannot be gone on with when too much is missing, or more came in than was sent", () => {
    expect(filled(new SentLog(2), admit("1"), admit("2"), admit("3")).resume(0)).toBeNull();
    expect(filled(new SentLog(2), admit("1"), admit("2"), admit("3")).resume(1)).toHaveLength(2);
    expect(new SentLog().resume(1)).toBeNull();
  });
});
