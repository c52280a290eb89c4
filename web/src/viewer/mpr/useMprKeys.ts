import { useMemo } from "react";

import { useKeys, type KeyMap } from "../../app/keys";
import { KEYS } from "../../app/keyTable";
import type { PlaneTool } from "../gestures";
import type { MprModel } from "./mprModel";
import { atIndex, step, withSlab, zoomedBy, type MprView } from "./mprView";
import { PROJECTIONS } from "./reslice";
import type { PlaneName } from "./section";

const PAGE = 10;
/** Beyond any series: `atIndex` stops at the end. */
const LAST = Number.MAX_SAFE_INTEGER;

/** As in a stack, where there is the same tool. */
export const PLANE_TOOL_KEYS: Readonly<Record<PlaneTool, string>> = KEYS.planeTools;
export const PLANE_KEYS: Readonly<Record<PlaneName, string>> = KEYS.planes;

export interface MprActions {
  setTool: (tool: PlaneTool) => void;
  toggleMarks: () => void;
  toggleLarge: () => void;
  applyPreset: (key: string) => void;
  reset: () => void;
}

/** A millimetre at a time where it is thin, five where it is not. */
const thicker = (mm: number) => (mm < 10 ? mm + 1 : mm + 5);
const thinner = (mm: number) => (mm <= 10 ? mm - 1 : mm - 5);

const slabBy = (next: (mm: number) => number) => (view: MprView) => {
  const slab = view.slabs[view.plane];
  return withSlab(view, view.plane, { ...slab, thicknessMm: next(slab.thicknessMm) });
};

function nextProjection(view: MprView): MprView {
  const slab = view.slabs[view.plane];
  const at = (PROJECTIONS.indexOf(slab.projection) + 1) % PROJECTIONS.length;
  return withSlab(view, view.plane, { ...slab, projection: PROJECTIONS[at] ?? "mip" });
}

/** The keys of the three planes; arrows, slab and projection are those of the plane that is looked at. */
export function useMprKeys(model: MprModel, { setTool, toggleMarks, toggleLarge, applyPreset, reset }: MprActions) {
  const keys = useMemo((): KeyMap => {
    const by = (count: number) => () => model.change((view, { grid }) => step(view, grid, view.plane, count));
    const to = (index: number) => () => model.change((view, { grid }) => atIndex(view, grid, view.plane, index));
    const zoom = (factor: number) => () => model.change((view) => zoomedBy(view, factor));
    const tools = Object.entries(PLANE_TOOL_KEYS) as [PlaneTool, string][];
    const planes = Object.entries(PLANE_KEYS) as [PlaneName, string][];
    return {
      ArrowUp: by(-1),
      ArrowLeft: by(-1),
      ArrowDown: by(1),
      ArrowRight: by(1),
      PageUp: by(-PAGE),
      PageDown: by(PAGE),
      Home: to(0),
      End: to(LAST),
      ...Object.fromEntries(KEYS.mpr.presets.map((key) => [key, () => applyPreset(key)])),
      "+": zoom(1.2),
      "=": zoom(1.2),
      "-": zoom(1 / 1.2),
      [KEYS.mpr.thinner]: () => model.change(slabBy(thinner)),
      [KEYS.mpr.thicker]: () => model.change(slabBy(thicker)),
      [KEYS.mpr.projection]: () => model.change(nextProjection),
      [KEYS.mpr.invert]: () => model.change((view) => ({ ...view, invert: !view.invert })),
      [KEYS.mpr.large]: toggleLarge,
      [KEYS.mpr.marks]: toggleMarks,
      [KEYS.mpr.reset]: reset,
      ...Object.fromEntries(tools.map(([tool, key]) => [key, () => setTool(tool)])),
      ...Object.fromEntries(planes.map(([plane, key]) => [key, () => model.change((view) => ({ ...view, plane }))])),
    };
  }, [model, setTool, toggleMarks, toggleLarge, applyPreset, reset]);
  useKeys(keys);
}
