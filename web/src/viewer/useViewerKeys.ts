import { useMemo } from "react";

import { useKeys, type KeyMap } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { rotated } from "./geometry";
import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { remove, selected } from "./measurements";
import type { MeasurementKind } from "./measuring";

const PAGE = 10;
/** Beyond any series: `goTo` stops at the end. */
const LAST = Number.MAX_SAFE_INTEGER;

export type ViewingTool = Exclude<DragTool, MeasurementKind>;

export const VIEWING_KEYS: Readonly<Record<ViewingTool, string>> = KEYS.viewing;
export const MEASURING_KEYS: Readonly<Record<MeasurementKind, string>> = KEYS.measuring;

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
      ...Object.fromEntries(KEYS.picture.presets.map((key) => [key, () => applyPreset(key)])),
      "+": () => stack.zoomBy(1.2),
      "=": () => stack.zoomBy(1.2),
      "-": () => stack.zoomBy(1 / 1.2),
      [KEYS.picture.invert]: invert,
      [KEYS.picture.reset]: () => stack.reset(),
      [KEYS.picture.turnRight]: () => stack.turn((turn) => rotated(turn, 90)),
      [KEYS.picture.turnLeft]: () => stack.turn((turn) => rotated(turn, -90)),
      [KEYS.picture.pixels]: () => stack.showPixels(),
      [KEYS.picture.trueSize]: () => stack.showTrueSize(),
      [KEYS.picture.play]: togglePlay,
      [KEYS.picture.marks]: toggleMarks,
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
