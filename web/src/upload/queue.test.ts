import { describe, expect, it } from "vitest";

import type { FileResult } from "../api/types";
import { aHeader } from "./builders";
import { ATTEMPTS_MOST, EMPTY_QUEUE, isSettled, reduceQueue, type Queue, type QueueEvent } from "./queue";
import { summarise } from "./summary";

const of = (...events: QueueEvent[]): Queue => events.reduce(reduceQueue, EMPTY_QUEUE);
const dropped = (count: number): QueueEvent => ({
  type: "dropped",
  files: Array.from({ length: count }, (_, index) => ({ path: `CT/${index}.dcm`, size_bytes: 100 })),
});
const read = (...ids: number[]): QueueEvent => ({
  type: "read",
  files: ids.map((id) => ({ id, kind: "instance", header: aHeader({ sop_instance_uid: `1.${id}` }) })),
});
const hashed = (...ids: number[]): QueueEvent => ({
  type: "hashed",
  files: ids.map((id) => ({ id, sha256: `sha-${id}` })),
});
const result = (part: Partial<FileResult> = {}): FileResult => ({
  path: "CT/0.dcm",
  verdict: "stored",
  reason: null,
  already_present: false,
  study_instance_uid: "1.2.3",
  series_instance_uid: "1.2.3.4",
  sop_instance_uid: "1.0",
  sha256: null,
  ...part,
});
const answered = (id: number, ...results: FileResult[]): QueueEvent => ({ type: "answered", files: [{ id, results }] });
const at = (queue: Queue, id: number) => queue.files[id]?.state.at;

describe("the queue", () => {
  it("asks again whether the server has a file whose answer was lost, and does not hash it anew", () => {
    const queue = of(dropped(1), read(0), hashed(0), { type: "asking", ids: [0] }, { type: "missing", ids: [0] }, {
      type: "sending",
      ids: [0],
      sent_fraction: 0.5,
    });
    expect(at(reduceQueue(queue, { type: "lost", ids: [0], counts: false }), 0)).toBe("hashed");
  });

  it("never gives up on a lost network, and sets a file aside that the server fails at", () => {
    const lostOften = (counts: boolean) => {
      let queue = of(dropped(1), read(0), hashed(0));
      for (let n = 0; n < ATTEMPTS_MOST; n += 1) {
        queue = reduceQueue(queue, { type: "asking", ids: [0] });
        queue = reduceQueue(queue, { type: "lost", ids: [0], counts });
      }
      return at(queue, 0);
    };
    expect(lostOften(false)).toBe("hashed");
    expect(lostOften(true)).toBe("failed");
  });

  it("takes an answer once: what comes later for the same file changes nothing", () => {
    const queue = of(dropped(1), read(0), hashed(0), { type: "asking", ids: [0] }, answered(0, result()));
    expect(reduceQueue(queue, { type: "lost", ids: [0], counts: true }).files[0]).toEqual(queue.files[0]);
  });

  it("is settled when everything is answered or left out by choice", () => {
    const queue = of(dropped(2), read(0, 1), hashed(0), { type: "asking", ids: [0] }, answered(0, result()));
    expect(isSettled(queue)).toBe(false);
    expect(isSettled(reduceQueue(queue, { type: "left-out", series: new Set(["1.2.3.4"]) }))).toBe(true);
  });

  it("hashes again what arrived as other bytes than its digest says", () => {
    const queue = of(dropped(1), read(0), hashed(0), { type: "asking", ids: [0] }, { type: "missing", ids: [0] }, {
      type: "sending",
      ids: [0],
      sent_fraction: 0,
    });
    const next = reduceQueue(queue, { type: "stale", ids: [0] });
    expect([at(next, 0), next.files[0]?.sha256]).toEqual(["waiting", null]);
  });
});

describe("the summary", () => {
  it("counts images, bytes and answers by study", () => {
    const queue = of(dropped(3), read(0, 1, 2), hashed(0, 1), { type: "asking", ids: [0, 1] }, answered(0, result()), {
      type: "answered",
      files: [{ id: 1, results: [result({ already_present: true })] }],
    });
    const [study] = summarise(queue).studies;
    expect(study).toMatchObject({ image_count: 3, stored_count: 2, already_present_count: 1, sent_bytes: 200 });
    expect(study?.series).toHaveLength(1);
  });

  it("names the study as the archive has it where its identity was removed", () => {
    const queue = of(dropped(1), read(0), hashed(0), { type: "asking", ids: [0] }, answered(0, result({ study_instance_uid: "2.25.7" })));
    expect(summarise(queue).studies[0]?.archive_study_uid).toBe("2.25.7");
  });

  it("does not show or count a zip whose files stand in the queue themselves", () => {
    const queue = of(
      dropped(1),
      { type: "read", files: [{ id: 0, kind: "archive", header: null }] },
      answered(0),
    );
    expect(summarise(queue)).toMatchObject({ archives: [], file_count: 0, total_bytes: 0 });
  });

  it("lists refused files by their reason, the most frequent first", () => {
    const refused = (code: string) => result({ verdict: "refused", reason: { code, en: code, zh: code }, study_instance_uid: null });
    const queue = of(dropped(3), answered(0, refused("a")), answered(1, refused("b")), answered(2, refused("b")));
    expect(summarise(queue).refusals.map(({ reason, paths }) => [reason?.code, paths.length])).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
  });
});
