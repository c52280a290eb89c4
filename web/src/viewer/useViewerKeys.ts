import { useMemo } from "react";

import { useKeys, type KeyMap } from "../app/keys";
import { rotated } from "./geometry";
import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { remove, selected } from "./measurements";
import type { MeasurementKind } from "./measuring";

const PAGE = 10;
/** Beyond any series: `goTo` stops at the end. */
const LAST = Number.MAX_SAFE_INTEGER;

export type ViewingTool = Exclude<DragTool, MeasurementKind>;

/** J, K, A, R, U, E and S belong to the findings, D and Y to the consult room, P to the prior. */
export const VIEWING_KEYS: Readonly<Record<ViewingTool, string>> = { 
  scroll: "b",
  window: "w",
  pan: "n",
  zoom: "z",
  magnify: "m",
};
export const MEASURING_KEYS: Readonly<Record<MeasurementKind, string>> = {
  length: "l",
  bidirectional: "x",
  angle: "g",
  ellipse: "o",
  probe: "v",
  arrow: "t",
};

export interface ViewerActions {
  setTool: (tool: DragTool) => void;
  toggleMarks: () => void;
  applyPreset: (key: string) => void;
  togglePlay: () => void;
  undo: () => void;
  redo: () => void;
}

/** The viewer's keys. */
export function useViewerKeys(stack: ImageStack, actions: ViewerActions) {
  const { setTool, toggleMarks, applyPreset, togglePlay, undo, redo } = actions;
  const keys = useMemo((): KeyMap => {
    const invert = () => stack.setInvert(!(stack.snapshot.get().presentation?.invert ?? false));
    const tools = Object.entries({ ...VIEWING_KEYS, ...MEASURING_KEYS }) as [DragTool, string][];
    return {
      ArrowUp: () => stack.step(-1),
      ArrowDown: () => stack.step(1),
      ArrowLeft: () => stack.step(-1),
      ArrowRight: () => stack.step(1),
      PageUp: () => stack.step(-PAGE),
      PageDown: () => stack.step(PAGE),
      Home: () => stack.goTo(0),
      End: () => stack.goTo(LAST),
      "1": () => applyPreset("1"),
      "2": () => applyPreset("2"),
      "3": () => applyPreset("3"),
      "4": () => applyPreset("4"),
      "+": () => stack.zoomBy(1.2),
      "=": () => stack.zoomBy(1.2),
      "-": () => stack.zoomBy(1 / 1.2),
      i: invert,
      f: () => stack.reset(),
      "]": () => stack.turn((turn) => rotated(turn, 90)),
      "[": () => stack.turn((turn) => rotated(turn, -90)),
      "0": () => stack.showPixels(),
      "9": () => stack.showTrueSize(),
      " ": togglePlay,
      h: toggleMarks,
      ...Object.fromEntries(tools.map(([tool, key]) => [key, () => setTool(tool)])),
      Delete: () => remove(selected()),
      Backspace: () => remove(selected()),
      Escape: () => stack.cancelDrawing(),
      "Ctrl+z": undo,
      "Ctrl+Shift+z": redo,
      "Ctrl+y": redo,
    };
  }, [stack, setTool, toggleMarks, applyPreset, togglePlay, undo, redo]);
  useKeys(keys);
}
