/** A key image and the picture on the screen: what is marked, and how it is shown again. Pure. */
import type { KeyImage, Me, Series, StudyDetail } from "../api/types";
import type { SliceRef } from "../viewer/slices";
import type { ShownImage } from "../viewer/viewerState";

export interface Shown {
  sopInstanceUid: string;
  frame: number;
}

export const isOf = (one: KeyImage, shown: Shown | null) =>
  shown !== null && one.sop_instance_uid === shown.sopInstanceUid && one.frame === shown.frame;

/** The picture on the screen as a key image; null: it is no image of the series. */
export function keyImageOf(
  id: string,
  { study_instance_uid, study_date }: Pick<StudyDetail, "study_instance_uid" | "study_date">,
  series: Series | null,
  shown: ShownImage,
  me: Me,
  at: Date,
): KeyImage | null {
  const index = series?.instances.findIndex((each) => each.sop_instance_uid === shown.sopInstanceUid) ?? -1;
  const instance = series?.instances[index];
  if (series === null || instance === undefined) return null;
  const { id: user, display_name, institution } = me;
  return {
    id,
    study_instance_uid,
    series_instance_uid: series.series_instance_uid,
    sop_instance_uid: shown.sopInstanceUid,
    frame: shown.frame,
    window: { center: rounded(shown.windowCenter), width: rounded(shown.windowWidth) },
    invert: shown.invert,
    turn: { rotation: shown.rotation, flip: shown.flip },
    note: "",
    made_by: { id: user, display_name, institution },
    made_at: at.toISOString(),
    study_date,
    modality: series.modality,
    series_number: series.series_number,
    series_description: series.description,
    place: { index: index + 1, count: series.instances.length },
    instance_number: instance.instance_number,
    number_of_frames: instance.number_of_frames,
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;

/** How the picture is to be shown; what is not known of it is as `before` has it. */
export function shownAs(one: KeyImage, before: ShownImage | null): ShownImage | null {
  const place = {
    ...one.turn,
    studyInstanceUid: one.study_instance_uid,
    seriesInstanceUid: one.series_instance_uid,
    sopInstanceUid: one.sop_instance_uid,
    frame: one.frame,
  };
  if (one.window === null) return before === null ? null : { ...before, ...place };
  const shades = { windowCenter: one.window.center, windowWidth: one.window.width, invert: one.invert };
  return { zoom: 1, panX: 0, panY: 0, rotation: 0, flip: false, ...before, ...place, ...shades };
}

/** Where on the slider the key images of the open slices are, each place once. */
export const ticksOf = (all: readonly KeyImage[], slices: readonly SliceRef[]): number[] =>
  slices.flatMap((slice, index) => (all.some((one) => isOf(one, slice)) ? [index] : []));
