/** Where on the open study a measurement lies. */
import { useMemo, useSyncExternalStore } from "react";

import type { StudyDetail } from "../api/types";
import { measurements, type Measurement } from "./measurements";
import { slicesOf } from "./slices";

export interface ImagePlace {
  seriesInstanceUid: string;
  sopInstanceUid: string;
  /** As the reader knows the series: its description, or its modality. */
  series: string;
  /** 0-based, among the slices of the series. */
  index: number;
}

export type StudyMeasurement = Measurement & ImagePlace;

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
  const own = useMemo(
    () =>
      all.flatMap((each): StudyMeasurement[] => {
        const place = places.get(each.imageId);
        return place === undefined ? [] : [{ ...each, ...place }];
      }),
    [all, places],
  );
  return { measurements: own, placeOf: (imageId: string) => places.get(imageId) ?? null };
}
