/** The image viewer of the study page and the consult room: chooses the layout and hands it what was on screen before. */
import { useEffect, useRef, useState, type ComponentType } from "react";

import { usePriors } from "../api/hooks";
import type { Prior, StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { CompareViewer } from "./CompareViewer";
import { LayoutChoice } from "./LayoutChoice";
import { StudyViewer, type LayoutProps, type ViewerProps } from "./StudyViewer";
import type { Layout, ViewerState } from "./viewerState";

interface LayoutEntry {
  Component: ComponentType<LayoutProps>;
  /** Whether the study has what this layout shows. */
  suits: (study: StudyDetail, priors: readonly Prior[]) => boolean;
}

const STACK: LayoutEntry = { Component: StudyViewer, suits: () => true };
/** A layout that is not here, or does not suit a study, is shown as a stack. */
const LAYOUTS: Readonly<Record<Layout, LayoutEntry | null>> = {
  stack: STACK,
  mpr: null,
  compare: { Component: CompareViewer, suits: (_, priors) => priors.length > 0 },
  mammography: null,
};
export const PRIOR_KEY = "p";
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

  const priors = usePriors(study.study_instance_uid).data ?? [];
  // Who may not see the prior that somebody compares with is told so in the layout itself.
  const offered = NAMES.filter((name) => LAYOUTS[name]?.suits(study, priors) || (name === "compare" && sharedState?.layout === name));
  const layout = offered.includes(chosen) ? chosen : "stack";
  const { Component } = LAYOUTS[layout] ?? STACK;

  const choose = (next: Layout) => {
    if (next === layout || last.current === null) return;
    const state = { ...last.current, layout: next };
    setStart(state);
    setChosen(next);
    onViewerChange?.(state, "user");
  };
  useKeys({ [PRIOR_KEY]: () => choose(layout === "compare" ? "stack" : "compare") }, offered.includes("compare"));
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
