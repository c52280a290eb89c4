/** The slices of a series as the viewer steps through them. Pure. */
import { addresses } from "../api/client";
import type { Finding, Series, StudyDetail } from "../api/types";

export interface SliceRef {
  sopInstanceUid: string;
  /** 0-based frame within the instance. */
  frame: number;
  imageId: string;
}

/** The name of an image for the loader; `frame` is null where the instance has but one. */
export const imageIdOf = (study: string, sop: string, frame: number | null) =>
  `wadouri:${addresses.instanceFile(study, sop)}${frame === null ? "" : `?frame=${frame + 1}`}`;

/** Of the file of such an image; null for one frame of many. */
export function addressOf(slice: SliceRef | undefined): string | null {
  const [, address] = /^wadouri:([^?]+)$/.exec(slice?.imageId ?? "") ?? [];
  return address ?? null;
}

export interface ImagePlaced {
  studyInstanceUid: string;
  sopInstanceUid: string;
  /** 0-based. */
  frame: number;
}

/** Of which image such a name is; null: of none of ours. */
export function imageOf(imageId: string): ImagePlaced | null {
  const [, study, sop, frame] = /\/studies\/([^/]+)\/instances\/([^/]+)\/file(?:\?frame=(\d+))?$/.exec(imageId) ?? [];
  if (study === undefined || sop === undefined) return null;
  const [studyInstanceUid, sopInstanceUid] = [decodeURIComponent(study), decodeURIComponent(sop)];
  return { studyInstanceUid, sopInstanceUid, frame: frame === undefined ? 0 : Number(frame) - 1 };
}

/** One entry for each instance, or for each frame of a multi-frame one, in the order of the API. */
export function slicesOf(study: StudyDetail, series: Series): SliceRef[] {
  return series.instances.flatMap(({ sop_instance_uid: sop, number_of_frames: frames }) => {
    const uid = study.study_instance_uid;
    if (frames <= 1) return [{ sopInstanceUid: sop, frame: 0, imageId: imageIdOf(uid, sop, null) }];
    return Array.from({ length: frames }, (_, frame) => ({
      sopInstanceUid: sop,
      frame,
      imageId: imageIdOf(uid, sop, frame),
    }));
  });
}

/** Where a series opens that nothing says more about. */
export const openingIndex = (count: number) => Math.floor(count / 2);

export const indexOfInstance = (slices: readonly SliceRef[], sopInstanceUid: string) =>
  slices.findIndex((slice) => slice.sopInstanceUid === sopInstanceUid);

/** Of an instance that has fewer frames: its first. */
export function indexOfImage(slices: readonly SliceRef[], { sopInstanceUid, frame }: Omit<ImagePlaced, "studyInstanceUid">) {
  const exact = slices.findIndex((slice) => slice.sopInstanceUid === sopInstanceUid && slice.frame === frame);
  return exact >= 0 ? exact : indexOfInstance(slices, sopInstanceUid);
}

/** The series that opens first: one with findings, else one that a model reads, else the largest. */
export function firstSeries(study: StudyDetail, findings: readonly Finding[]): Series | null {
  const shown = study.series.filter((series) => series.instances.length > 0);
  const withFinding = findings.find((finding) => finding.status !== "rejected") ?? findings[0];
  return (
    shown.find((series) => series.series_instance_uid === withFinding?.series_instance_uid) ??
    shown.find((series) => series.model !== null) ??
    shown.toSorted((a, b) => b.instances.length - a.instances.length)[0] ??
    null
  );
}

/** Indices by their distance from `centre`, the next ones before the previous ones. */
export function* outwards(centre: number, count: number): Generator<number> {
  for (let step = 0; step < count; step += 1) {
    if (centre + step < count) yield centre + step;
    if (step > 0 && centre - step >= 0) yield centre - step;
  }
}
