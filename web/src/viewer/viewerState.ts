/** What is shared of a viewer, and how it is read from and put on a viewport. Pure. */
import type { MprState, Pointer, PriorImage, ViewerState } from "../signaling/messages";
import { viewOf, type ImageToCanvas, type Size, type Turn, type View } from "./geometry";

/** Zoom is relative to "fits the screen" and pan is in image pixels, so screens of any size show the same. */
export type { MprState, Pointer, PriorImage, ViewerState };
export type Layout = ViewerState["layout"];
/** What a state says of one image. */
export type ShownImage = Omit<PriorImage, "linkOffsetMm" | "isWindowLinked">;

export interface Window {
  center: number;
  width: number;
}

/** Lowest and highest input value of a window. */
export interface VoiRange {
  lower: number;
  upper: number;
}

/** VOILUTFunction (0028,1056): what a window means. */
export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** Source: DICOM PS3.3 C.11.2.1.2.1: the ramp runs from c - 0.5 - (w-1)/2 to c - 0.5 + (w-1)/2, and C.11.2.1.3.2:
 * by LINEAR_EXACT from c - w/2 to c + w/2. A sigmoid has no ends; Cornerstone takes LINEAR's for it.
 */
export function rangeOfWindow({ center, width }: Window, by: VoiFunction = "LINEAR"): VoiRange {
  if (by === "LINEAR_EXACT") return { lower: center - width / 2, upper: center + width / 2 };
  const half = (Math.max(width, 1) - 1) / 2;
  return { lower: center - 0.5 - half, upper: center - 0.5 + half };
}

export function windowOfRange({ lower, upper }: VoiRange, by: VoiFunction = "LINEAR"): Window {
  if (by === "LINEAR_EXACT") return { center: (lower + upper) / 2, width: Math.abs(upper - lower) };
  return { center: (lower + upper + 1) / 2, width: Math.abs(upper - lower) + 1 };
}

/** The slice that is on screen. */
export interface Place {
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
  /** 0-based, within the instance. */
  frame: number;
}

/** How it is shown: everything that a viewport has to be told beside the slice. */
export interface Presentation {
  window: Window;
  view: View;
  turn: Turn;
  invert: boolean;
}

export function toShownImage(place: Place, shown: Presentation): ShownImage {
  return {
    studyInstanceUid: place.studyInstanceUid,
    seriesInstanceUid: place.seriesInstanceUid,
    sopInstanceUid: place.sopInstanceUid,
    frame: place.frame,
    windowCenter: rounded(shown.window.center),
    windowWidth: rounded(shown.window.width),
    zoom: rounded(shown.view.zoom),
    panX: rounded(shown.view.panX),
    panY: rounded(shown.view.panY),
    rotation: shown.turn.rotation,
    flip: shown.turn.flip,
    invert: shown.invert,
  };
}

export const toViewerState = (image: ShownImage, findingId: string | null): ViewerState => ({
  ...image,
  findingId,
  tool: null,
  layout: "stack",
  prior: null,
  hanging: null,
  mpr: null,
});

export function toPresentation(state: ShownImage): Presentation {
  return {
    window: { center: state.windowCenter, width: Math.max(state.windowWidth, 1) },
    view: { zoom: clampZoom(state.zoom), panX: state.panX, panY: state.panY },
    turn: { rotation: state.rotation, flip: state.flip },
    invert: state.invert,
  };
}

export const rounded = (value: number) => Math.round(value * 1e4) / 1e4;

export const ZOOM_LEAST = 0.2;
export const ZOOM_MOST = 30;
export const clampZoom = (zoom: number) => Math.min(ZOOM_MOST, Math.max(ZOOM_LEAST, zoom));

/** Read zoom and pan from a viewport's transform. */
export const readView = (toCanvas: ImageToCanvas, canvas: Size, image: Size, zoom: number): View => ({
  ...viewOf(toCanvas, canvas, image),
  zoom,
});

/** Deliver at most one value for each frame, the latest; `cancel` drops what still waits. */
export interface FrameGate<T> {
  (value: T): void;
  cancel: () => void;
}

export function latestPerFrame<T>(
  deliver: (value: T) => void,
  request: (run: () => void) => number = (run) => requestAnimationFrame(run),
  drop: (handle: number) => void = (handle) => cancelAnimationFrame(handle),
): FrameGate<T> {
  let waiting: { value: T } | null = null;
  let handle: number | null = null;
  const gate = (value: T) => {
    waiting = { value };
    handle ??= request(() => {
      handle = null;
      const next = waiting;
      waiting = null;
      if (next !== null) deliver(next.value);
    });
  };
  gate.cancel = () => {
    if (handle !== null) drop(handle);
    handle = null;
    waiting = null;
  };
  return gate;
}

/** The same before the task ends, for what must not wait for a frame. */
export const latestPerTask = <T>(deliver: (value: T) => void): FrameGate<T> =>
  latestPerFrame(
    deliver,
    (run) => {
      queueMicrotask(run);
      return 0;
    },
    () => undefined,
  );
