import { useMemo } from "react";

import { useKeys, type KeyMap } from "../app/keys";
import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";

const PAGE = 10;
/** Beyond any series: `goTo` stops at the end. */
const LAST = Number.MAX_SAFE_INTEGER;

export interface ViewerActions {
  setTool: (tool: DragTool) => void;
  toggleMarks: () => void;
  applyPreset: (key: string) => void;
}

/** The viewer's single keys. J, K, A, R and U belong to the findings panel. */
export function useViewerKeys(stack: ImageStack, { setTool, toggleMarks, applyPreset }: ViewerActions) {
  const keys = useMemo((): KeyMap => {
    const invert = () => stack.setInvert(!(stack.snapshot.get().presentation?.invert ?? false));
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
      h: toggleMarks,
      s: () => setTool("scroll"),
      w: () => setTool("window"),
      p: () => setTool("pan"),
      z: () => setTool("zoom"),
      l: () => setTool("length"),
      Delete: () => stack.clearMeasurements(),
    };
  }, [stack, setTool, toggleMarks, applyPreset]);
  useKeys(keys);
}
