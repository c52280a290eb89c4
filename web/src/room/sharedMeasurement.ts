/** A measurement of this page as the room is told of it. Pure. */
import type { ImageMeasurement } from "../signaling/session";
import type { Measurement } from "../viewer/measurements";
import { imageOf } from "../viewer/slices";

const inHundredths = (value: number) => Math.round(value * 100) / 100;

/** Null where there is nothing to tell: it is of another study, or nothing of it is drawn yet. */
export function toShared(own: Measurement, studies: ReadonlySet<string>): ImageMeasurement | null {
  const image = imageOf(own.imageId);
  if (image === null || own.points.length === 0 || !studies.has(image.studyInstanceUid)) return null;
  return {
    id: own.uid,
    ...image,
    kind: own.kind,
    points: own.points.slice(0, 4).map(([x, y]) => ({ x: inHundredths(x), y: inHundredths(y) })),
    label: own.label.slice(0, 80),
    measured: own.measured,
    final: own.isFinal,
  };
}
