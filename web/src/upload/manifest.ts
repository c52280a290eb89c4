/** What the server is told that there is, so that it can say what of it is missing. Pure. */
import { isLeftOut, type Queue, type QueuedFile } from "./queue";
import type { ManifestIn } from "./transport";

/** The server's bound for one question. */
export const MANIFEST_MOST = 1_000;
const SERIES_MOST = 2_000;
const PATH_MOST = 1_000;
const UID = /^[0-9.]{1,64}$/;

/** The UIDs under which a file is sent, where they are not those of its header. */
export interface SentUids {
  study: string;
  series: string;
  sop: string;
}

const valid = (uid: string | undefined) => (uid !== undefined && UID.test(uid) ? uid : null);

/** How many images of each series are to come: what tells the server that a series is complete. */
function seriesOf(queue: Queue): NonNullable<ManifestIn["series"]> {
  const counts = new Map<string, { study: string; count: number }>();
  for (const file of queue.files) {
    if (file.header === null || isLeftOut(queue, file)) continue;
    const { study_instance_uid: study, series_instance_uid: series } = file.header;
    if (valid(study) === null || valid(series) === null) continue;
    counts.set(series, { study, count: (counts.get(series)?.count ?? 0) + 1 });
  }
  return [...counts].slice(0, SERIES_MOST).map(([series_instance_uid, { study, count }]) => ({
    series_instance_uid,
    study_instance_uid: study,
    instance_count: count,
  }));
}

export function manifestOf(
  files: readonly QueuedFile[],
  queue: Queue,
  of: (id: number) => { uids: SentUids | null; chunks: readonly string[] },
  withSeries: boolean,
): ManifestIn {
  return {
    instances: files.map(({ id, path, sha256, size_bytes, header }) => {
      const { uids, chunks } = of(id);
      return {
        path: path.slice(0, PATH_MOST) || "file",
        sha256: sha256 ?? "",
        size_bytes,
        study_instance_uid: valid(uids?.study ?? header?.study_instance_uid),
        series_instance_uid: valid(uids?.series ?? header?.series_instance_uid),
        sop_instance_uid: valid(uids?.sop ?? header?.sop_instance_uid),
        chunks: [...chunks],
      };
    }),
    series: withSeries ? seriesOf(queue) : [],
  };
}
