/** The view of one picture that shows the same place of the patient at the same scale as another. Pure. */
import type { Plane } from "./findingOnSlice";
import type { ImageToCanvas, Size, View } from "./geometry";
import type { Vector } from "./orientation";

export interface Pictured {
  view: View;
  transform: ImageToCanvas;
  size: Size;
  /** Between columns and between rows, in mm; null: not calibrated. */
  spacing: readonly [columns: number, rows: number] | null;
  /** Null on a projection. */
  plane: Plane | null;
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The patient's point in the middle of a picture, in mm. */
function middleOf({ view, size }: Pictured, { position, row, column, spacing }: Plane): Vector {
  const along = ((size.width - 1) / 2 + view.panX) * spacing[0];
  const down = ((size.height - 1) / 2 + view.panY) * spacing[1];
  const at = (axis: 0 | 1 | 2) => position[axis] + row[axis] * along + column[axis] * down;
  return [at(0), at(1), at(2)];
}

/** What `to` has to show for the eye to find in it what `from` shows.
 *
 * In one frame of reference by the patient's coordinates, else by the distance from the middle of the image.
 */
export function linkedView(from: Pictured, to: Pictured, isSameFrame: boolean): View {
  if (from.spacing === null || to.spacing === null) return from.view;
  const pixelsPerMm = Math.hypot(...from.transform.column) / from.spacing[0];
  const zoom = (to.view.zoom * pixelsPerMm * to.spacing[0]) / Math.hypot(...to.transform.column);
  if (isSameFrame && from.plane !== null && to.plane !== null) {
    const middle = middleOf(from, from.plane);
    const { position, row, column, spacing } = to.plane;
    const offset: Vector = [middle[0] - position[0], middle[1] - position[1], middle[2] - position[2]];
    return {
      zoom,
      panX: dot(offset, row) / spacing[0] - (to.size.width - 1) / 2,
      panY: dot(offset, column) / spacing[1] - (to.size.height - 1) / 2,
    };
  }
  return {
    zoom,
    panX: (from.view.panX * from.spacing[0]) / to.spacing[0],
    panY: (from.view.panY * from.spacing[1]) / to.spacing[1],
  };
}
