/** Mouse, touch and pen on the picture. Every change of the view by hand comes through here or the toolbar,
 * so what a user did and what was followed from another screen can never be taken for each other. */
import type { Point } from "./geometry";
import { isOverMeasurement, type HandTool } from "./measurements";
import { MEASUREMENT_KINDS } from "./measuring";
import type { Readable } from "./store";
import type { Window } from "./viewerState";

export type DragTool = "scroll" | "window" | "pan" | "zoom" | HandTool;
/** What the main button does on a plane. */
export type PlaneTool = "crosshair" | "scroll" | "window" | "pan" | "zoom";

/** What the hand moves: a stack, or one of the planes through a volume. */
export interface Movable {
  snapshot: Pick<Readable<{ presentation: { window: Window } | null; slices: { readonly length: number } }>, "get">;
  setWindow: (window: Window) => void;
  panBy: (by: Point) => void;
  zoomBy: (factor: number) => void;
  step: (by: number) => void;
  /** What the tool "crosshair" does with each point that it touches. */
  putCrosshair?: (at: Point) => void;
}

/** What a tool draws; null for one that changes the view. */
export const drawnBy = (tool: DragTool | PlaneTool) => MEASUREMENT_KINDS.find((kind) => kind === tool) ?? null;

/** The tool where it is one of Cornerstone's, which sees the mouse by itself. */
export const handToolOf = (tool: DragTool | PlaneTool): HandTool | null => (tool === "magnify" ? tool : drawnBy(tool));

const MIDDLE_BUTTON = 1;
const RIGHT_BUTTON = 2;
/** A drag over the whole width of this many pixels doubles the window's width. */
const WINDOW_DRAG_PX = 320;
const ZOOM_PER_PX = 1.006;
const WHEEL_ZOOM = 1.12;
/** A trackpad sends many small steps: this many pixels make one slice. */
const WHEEL_STEP_PX = 40;
const SCROLL_DRAG_LEAST_PX = 4;

interface Drag {
  tool: DragTool | PlaneTool;
  at: Point;
  /** What is left of a slice. */
  rest: number;
  windowPerPx: number;
}

const distance = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Listen on `element` until the returned function is called. `onPoint` gets the pointer's place, null when it leaves. */
export function followGestures(
  element: HTMLElement,
  stack: Movable,
  tool: () => DragTool | PlaneTool,
  onPoint: (point: Point | null) => void,
): () => void {
  const fingers = new Map<number, Point>();
  let drag: Drag | null = null;
  let wheelRest = 0;

  const pointOf = (event: MouseEvent): Point => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const toolOf = (event: PointerEvent): DragTool | PlaneTool => {
    if (event.button === MIDDLE_BUTTON) return "pan";
    return event.button === RIGHT_BUTTON ? "zoom" : tool();
  };

  const onDown = (event: PointerEvent) => {
    const at = pointOf(event);
    if (event.pointerType === "touch") fingers.set(event.pointerId, at);
    const chosen = toolOf(event);
    if (fingers.size > 1 || handToolOf(chosen) !== null || isOverMeasurement()) {
      drag = null;
      return;
    }
    const width = stack.snapshot.get().presentation?.window.width ?? 1;
    drag = { tool: chosen, at, rest: 0, windowPerPx: Math.max(width, 20) / WINDOW_DRAG_PX };
    element.setPointerCapture(event.pointerId);
    if (chosen === "crosshair") stack.putCrosshair?.(at);
  };

  const pinch = (event: PointerEvent, at: Point) => {
    const before = fingers.get(event.pointerId);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, at);
    if (before === undefined || other === undefined) return;
    const apart = distance(before, other);
    if (apart > 1) stack.zoomBy(distance(at, other) / apart);
    stack.panBy([(at[0] - before[0]) / 2, (at[1] - before[1]) / 2]);
  };

  const moveBy = (current: Drag, [dx, dy]: Point) => {
    const { presentation, slices } = stack.snapshot.get();
    switch (current.tool) {
      case "window":
        if (presentation === null) return;
        stack.setWindow({
          center: presentation.window.center + dy * current.windowPerPx,
          width: presentation.window.width + dx * current.windowPerPx,
        });
        return;
      case "crosshair":
        stack.putCrosshair?.(current.at);
        return;
      case "pan":
        stack.panBy([dx, dy]);
        return;
      case "zoom":
        stack.zoomBy(ZOOM_PER_PX ** -dy);
        return;
      case "scroll": {
        const perSlice = Math.max(SCROLL_DRAG_LEAST_PX, element.clientHeight / Math.max(1, slices.length) / 1.5);
        current.rest += dy / perSlice;
        const whole = Math.trunc(current.rest);
        current.rest -= whole;
        if (whole !== 0) stack.step(whole);
        return;
      }
      default:
        return;
    }
  };

  const onMove = (event: PointerEvent) => {
    const at = pointOf(event);
    onPoint(at);
    if (fingers.size > 1) {
      pinch(event, at);
      return;
    }
    if (drag === null) return;
    const moved: Point = [at[0] - drag.at[0], at[1] - drag.at[1]];
    drag.at = at;
    if (moved[0] !== 0 || moved[1] !== 0) moveBy(drag, moved);
  };

  const onUp = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    drag = null;
    if (event.pointerType === "touch") onPoint(null);
  };

  const onLeave = () => onPoint(null);

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    if (event.ctrlKey || stack.snapshot.get().slices.length < 2) {
      stack.zoomBy(event.deltaY < 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM);
      return;
    }
    if (event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL || Math.abs(event.deltaY) >= WHEEL_STEP_PX) {
      wheelRest = 0;
      stack.step(Math.sign(event.deltaY));
      return;
    }
    wheelRest += event.deltaY;
    if (Math.abs(wheelRest) < WHEEL_STEP_PX) return;
    stack.step(Math.sign(wheelRest));
    wheelRest = 0;
  };

  const onMenu = (event: MouseEvent) => event.preventDefault();

  element.addEventListener("pointerdown", onDown);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", onUp);
  element.addEventListener("pointercancel", onUp);
  element.addEventListener("pointerleave", onLeave);
  element.addEventListener("wheel", onWheel, { passive: false });
  element.addEventListener("contextmenu", onMenu);
  return () => {
    element.removeEventListener("pointerdown", onDown);
    element.removeEventListener("pointermove", onMove);
    element.removeEventListener("pointerup", onUp);
    element.removeEventListener("pointercancel", onUp);
    element.removeEventListener("pointerleave", onLeave);
    element.removeEventListener("wheel", onWheel);
    element.removeEventListener("contextmenu", onMenu);
  };
}
