/** Where on the open study a measurement lies. */
import { useMemo, useSyncExternalStore } from "react";

import type { StudyDetail } from "../api/types";
import { measurements, remove, rename, type Measurement } from "./measurements";
import { roomMarks, type SharedMark } from "./roomMarks";
import { imageIdOf, slicesOf } from "./slices";

export interface ImagePlace {
  seriesInstanceUid: string;
  sopInstanceUid: string;
  /** As the reader knows the series: its description, or its modality. */
  series: string;
  /** 0-based, among the slices of the series. */
  index: number;
}

export interface StudyMeasurement extends ImagePlace, Pick<Measurement, "uid" | "kind" | "imageId" | "label" | "measured"> {
  /** In a room, who made it, unless this page did. */
  owner: Pick<SharedMark, "name" | "colour"> | null;
  /** Null for what is somebody else's. */
  change: { rename: (label: string) => void; remove: () => void } | null;
}

const placesIn = (study: StudyDetail): Map<string, ImagePlace> =>
  new Map(
    study.series.flatMap((series) =>
      slicesOf(study, series).map(({ imageId, sopInstanceUid }, index) => {
        const place = { seriesInstanceUid: series.series_instance_uid, sopInstanceUid, index };
        return [imageId, { ...place, series: series.description ?? series.modality }] as const;
      }),
    ),
  );

/** The measurements on images of this study, which those of other studies are not among; and where an image is. */
export function useStudyMeasurements(study: StudyDetail) {
  const all = useSyncExternalStore(measurements.subscribe, measurements.get);
  const places = useMemo(() => placesIn(study), [study]);
  const room = useSyncExternalStore(roomMarks.subscribe, roomMarks.get);
  const known = useMemo(() => {
    const placed = <T extends { imageId: string }>(each: T) => {
      const place = places.get(each.imageId);
      return place === undefined ? [] : [{ ...each, ...place }];
    };
    const own = all.flatMap(placed).map((each): StudyMeasurement => {
      const change = { rename: (label: string) => rename(each.uid, label), remove: () => remove([each.uid]) };
      return { ...each, owner: null, change };
    });
    const shared = room.marks.flatMap((mark): StudyMeasurement[] => {
      const { id: uid, kind, label, measured, studyInstanceUid, sopInstanceUid, frame } = mark.measurement;
      const change = mark.isOwn
        ? { rename: (text: string) => room.rename(mark, text), remove: () => room.remove([uid]) }
        : null;
      const { name, colour } = mark;
      const one = { uid, kind, label, measured, owner: { name, colour }, change };
      // An instance of one frame has a name without.
      return [null, frame]
        .flatMap((number) => placed({ ...one, imageId: imageIdOf(studyInstanceUid, sopInstanceUid, number) }))
        .slice(0, 1);
    });
    return [...own, ...shared];
  }, [all, places, room]);
  return { measurements: known, placeOf: (imageId: string) => places.get(imageId) ?? null };
}
