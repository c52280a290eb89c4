/** What the hand does on one plane, as the gestures speak of it. */
import type { Point } from "../geometry";
import type { Movable } from "../gestures";
import type { Vector } from "../orientation";
import type { MprModel, MprSnapshot } from "./mprModel";
import { moveTo, pannedBy, step, withWindow, zoomedBy } from "./mprView";
import { lpsAt, sectionOf, transformOf, type PlaneName } from "./section";

type Shown = NonNullable<MprSnapshot["shown"]>;

const transformIn = (element: HTMLElement, name: PlaneName, { volume: { grid }, view }: Shown) =>
  transformOf(grid, sectionOf(grid, name), { width: element.clientWidth, height: element.clientHeight }, view.centre, view.zoom);

/** The place in the patient under a point of the element, in CSS px. */
export const placeUnder = (element: HTMLElement, name: PlaneName, shown: Shown, at: Point): Vector =>
  lpsAt(
    shown.volume.grid,
    sectionOf(shown.volume.grid, name),
    transformIn(element, name, shown),
    shown.view.crosshair,
    at,
  );

export function movablePlane(model: MprModel, name: PlaneName, element: HTMLElement): Movable {
  return {
    snapshot: {
      get: () => {
        const { shown } = model.snapshot.get();
        if (shown === null) return { presentation: null, slices: [] };
        const { grid } = shown.volume;
        return { presentation: shown.view, slices: { length: grid.size[sectionOf(grid, name).through] } };
      },
    },
    setWindow: (window) => model.change((view) => withWindow(view, window)),
    zoomBy: (factor) => model.change((view) => zoomedBy({ ...view, plane: name }, factor)),
    panBy: (by) =>
      model.change((view, volume) =>
        pannedBy({ ...view, plane: name }, volume.grid, name, transformIn(element, name, { view, volume }), by),
      ),
    step: (by) => model.change((view, { grid }) => step(view, grid, name, by)),
    putCrosshair: (at) =>
      model.change((view, volume) =>
        moveTo({ ...view, plane: name }, volume.grid, placeUnder(element, name, { view, volume }, at)),
      ),
  };
}
