import { describe, expect, it } from "vitest";

import type { FileResult } from "../api/types";
import {
  ATTEMPTS_MOST,
  EMPTY_QUEUE,
  nextToSend,
  reduceQueue,
  summarise,
  type FileHeader,
  type Queue,
  type QueueEvent,
} from "./queue";

const aHeader = (study: string, sop: string): FileHeader => ({
  patient_id: "QS1",
  patient_name: "Zhang^Guihua",
  study_instance_uid: study,
  series_instance_uid: `${study}.1`,
  sop_instance_uid: sop,
  study_description: null,
  study_date: null,
  modality: "CT",
});

const aResult = (part: Partial<FileResult> = {}): FileResult => ({
  path: "a",
  verdict: "stored",
  reason: null,
  already_present: false,
  study_instance_uid: "1.2",
  series_instance_uid: "1.2.1",
  sop_instance_uid: "1.2.1.1",
  ...part,
});

const NOT_DICOM = { code: "not-dicom", en: "Not an image.", zh: "不是影像。" };

const after = (...events: QueueEvent[]): Queue => events.reduce(reduceQueue, EMPTY_QUEUE);

const dropped = (...paths: string[]): QueueEvent => ({
  type: "dropped",
  files: paths.map((path) => ({ path, size_bytes: 100 })),
});
const read = (id: number, study = "1.2"): QueueEvent => ({
  type: "read",
  id,
  kind: "instance",
  header: aHeader(study, `${study}.${id}`),
});
const answered = (id: number, ...results: FileResult[]): QueueEvent => ({ type: "answered", id, results });

describe("the upload queue", () => {
  it("counts the images of each study before the first one is sent", () => {
    const summary = summarise(after(dropped("a", "b", "c"), read(0), read(1), read(2, "9.9")));
    expect(summary.studies.map((study) => [study.study_instance_uid, study.image_count])).toEqual([
      ["1.2", 2],
      ["9.9", 1],
    ]);
  });

  it("counts as stored only what the server acknowledged", () => {
    const queue = after(dropped("a", "b"), read(0), read(1), { type: "sent", id: 0 }, answered(1, aResult()));
    const [study] = summarise(queue).studies;
    expect(study).toMatchObject({ stored_count: 1, image_count: 2, sent_bytes: 200 });
    expect(summarise(queue).settled).toBe(false);
  });

  it("takes the studies of an archive from the server's answer", () => {
    const queue = after(
      dropped("study.zip"),
      { type: "read", id: 0, kind: "archive", header: null },
      answered(
        0,
        aResult({ path: "1.dcm" }),
        aResult({ path: "2.dcm", already_present: true }),
        aResult({ path: "x.txt", verdict: "refused", reason: NOT_DICOM, study_instance_uid: null }),
      ),
    );
    const summary = summarise(queue);
    expect(summary.studies).toHaveLength(1);
    expect(summary.studies[0]).toMatchObject({ image_count: 2, stored_count: 2, already_present_count: 1 });
    expect(summary.refusals).toEqual([{ reason: NOT_DICOM, paths: ["x.txt"] }]);
    expect(summary.settled).toBe(true);
  });

  it("groups refusals by reason, the most frequent first", () => {
    const other = { code: "truncated", en: "Cut off.", zh: "不完整。" };
    const refused = (path: string, reason: typeof other) => aResult({ path, verdict: "refused", reason });
    const queue = after(
      dropped("a", "b", "c"),
      read(0),
      read(1),
      read(2),
      answered(0, refused("a", other)),
      answered(1, refused("b", NOT_DICOM)),
      answered(2, refused("c", NOT_DICOM)),
    );
    expect(summarise(queue).refusals.map(({ reason, paths }) => [reason?.code, paths.length])).toEqual([
      ["not-dicom", 2],
      ["truncated", 1],
    ]);
  });

  it("tries a lost file again, and gives up for the user to retry", () => {
    let queue = after(dropped("a"), read(0));
    for (let attempt = 1; attempt < ATTEMPTS_MOST; attempt += 1) {
      queue = reduceQueue(queue, { type: "lost", id: 0 });
      expect(queue.files[0]?.state.at).toBe("waiting");
    }
    queue = reduceQueue(queue, { type: "lost", id: 0 });
    expect(queue.files[0]?.state.at).toBe("failed");
    queue = reduceQueue(queue, { type: "retry" });
    expect(queue.files[0]).toMatchObject({ attempts: 0, state: { at: "waiting" } });
  });

  it("never takes back an acknowledgement", () => {
    const done = after(dropped("a"), read(0), answered(0, aResult()));
    const late: QueueEvent[] = [
      { type: "lost", id: 0 },
      { type: "sending", id: 0, sent_bytes: 1 },
      { type: "retry" },
      answered(0),
    ];
    for (const event of late) expect(reduceQueue(done, event).files).toEqual(done.files);
  });

  it("sends no more than allowed at once, in the order of the drop", () => {
    const queue = after(dropped("a", "b", "c", "d"), read(0), read(1), read(2), read(3));
    expect(nextToSend(queue, new Set([0]), 3).map(({ id }) => id)).toEqual([1, 2]);
    expect(nextToSend(queue, new Set([0, 1, 2]), 3)).toEqual([]);
  });

  it("waits for the header before a file is sent", () => {
    expect(nextToSend(after(dropped("a")), new Set(), 4)).toEqual([]);
  });
});
