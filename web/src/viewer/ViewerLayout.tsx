/** The image viewer of the study page and the consult room: chooses the layout and hands it what was on screen before. */
import { useEffect, useRef, useState, type ComponentType } from "react";

import type { StudyDetail } from "../api/types";
import { LayoutChoice } from "./LayoutChoice";
import { StudyViewer, type LayoutProps, type ViewerProps } from "./StudyViewer";
import type { Layout, ViewerState } from "./viewerState";

interface LayoutEntry {
  Component: ComponentType<LayoutProps>;
  /** Whether the study has what this layout shows. */
  suits: (study: StudyDetail) => boolean;
}

const STACK: LayoutEntry = { Component: StudyViewer, suits: () => true };
/** A layout that is not here, or does not suit a study, is shown as a stack. */
const LAYOUTS: Readonly<Record<Layout, LayoutEntry | null>> = { stack: STACK, mpr: null, compare: null, mammography: null };
const NAMES = Object.keys(LAYOUTS) as Layout[];

export function ViewerLayout(props: ViewerProps) {
  const { study, sharedState = null, onViewerChange } = props;
  const [chosen, setChosen] = useState<Layout>("stack");
  const [start, setStart] = useState<ViewerState | null>(null);
  const last = useRef<ViewerState | null>(null);
  useEffect(() => {
    if (sharedState !== null) last.current = sharedState;
  }, [sharedState]);
  // A followed layout stays on screen when nobody is followed any more.
  if (sharedState !== null && sharedState.layout !== chosen) setChosen(sharedState.layout);

  const offered = NAMES.filter((name) => LAYOUTS[name]?.suits(study));
  const layout = offered.includes(chosen) ? chosen : "stack";
  const { Component } = LAYOUTS[layout] ?? STACK;

  const choose = (next: Layout) => {
    if (next === layout || last.current === null) return;
    const state = { ...last.current, layout: next };
    setStart(state);
    setChosen(next);
    onViewerChange?.(state, "user");
  };
  return (
    <Component
      {...props}
      start={start}
      layoutChoice={<LayoutChoice offered={offered} layout={layout} onLayout={choose} />}
      onViewerChange={(state, cause) => {
        last.current = state;
        onViewerChange?.(state, cause);
      }}
    />
  );
}
