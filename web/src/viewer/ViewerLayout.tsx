/** The image viewer of the study page and the consult room: chooses the layout and hands it what was on screen before. */
import { CloseButton } from "@mantine/core";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore, type ComponentType } from "react";
import { useTranslation } from "react-i18next";

import { usePriors } from "../api/hooks";
import type { Prior, StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { wantedKeyImage } from "../keyImages/wanted";
import { CompareViewer } from "./CompareViewer";
import { LAYOUT_KEYS, LayoutChoice } from "./LayoutChoice";
import { MammographyViewer } from "./MammographyViewer";
import { MprLayout } from "./mpr/MprLayout";
import { suitsPlanes } from "./mpr/suitsPlanes";
import { StudyViewer, type LayoutProps, type ViewerProps } from "./StudyViewer";
import classes from "./viewer.module.css";
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
  mpr: { Component: MprLayout, suits: suitsPlanes },
  compare: { Component: CompareViewer, suits: (_, priors) => priors.length > 0 },
  mammography: {
    Component: MammographyViewer,
    suits: (study) => study.series.some(({ modality }) => modality === "MG"),
  },
};
const NAMES = Object.keys(LAYOUTS) as Layout[];

/** What a layout could not show, and why. */
interface Refusal {
  layout: Layout;
  seriesInstanceUid: string;
  why: string;
}

export function ViewerLayout(props: ViewerProps) {
  const { study, sharedState = null, onViewerChange } = props;
  const { t } = useTranslation("viewer");
  const [chosen, setChosen] = useState<Layout>("stack");
  const [start, setStart] = useState<ViewerState | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const last = useRef<ViewerState | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    if (sharedState !== null) last.current = sharedState;
  });
  // A followed layout stays on screen when nobody is followed any more.
  if (sharedState !== null && sharedState.layout !== chosen) setChosen(sharedState.layout);

  const priors = usePriors(study.study_instance_uid).data ?? [];
  // Who may not see the prior that somebody compares with is told so in the layout itself.
  const offered = NAMES.filter((name) => LAYOUTS[name]?.suits(study, priors) || (name === "compare" && sharedState?.layout === name));
  const isRefused =
    refusal?.layout === chosen && refusal.seriesInstanceUid === (sharedState ?? start ?? refusal).seriesInstanceUid;
  const layout = offered.includes(chosen) && !isRefused ? chosen : "stack";
  const { Component } = LAYOUTS[layout] ?? STACK;

  const show = useCallback((next: Layout, seriesInstanceUid: string | null = null) => {
    if (last.current === null) return;
    const state: ViewerState = { ...last.current, layout: next, mpr: null };
    setChosen(next);
    // Of another series nothing was on screen yet: the layout tells of it when something is.
    const isOther = seriesInstanceUid !== null && seriesInstanceUid !== state.seriesInstanceUid;
    setStart(isOther ? { ...state, seriesInstanceUid } : state);
    if (isOther) return;
    last.current = state;
    latest.current.onViewerChange?.(state, "user");
  }, []);
  const choose = (next: Layout) => {
    setRefusal(null);
    if (next !== layout) show(next);
  };
  // Planes are no images that could be marked: the stack shows a key image.
  const keyImage = useSyncExternalStore(wantedKeyImage.subscribe, wantedKeyImage.get);
  const isAsked = keyImage?.study_instance_uid === study.study_instance_uid;
  useEffect(() => {
    if (isAsked && layout === "mpr") show("stack");
  }, [isAsked, layout, show]);
  const onRefused = useCallback(
    (seriesInstanceUid: string, why: string) => {
      setRefusal({ layout: "mpr", seriesInstanceUid, why });
      // Somebody else's layout stays theirs; one's own goes back to what can be shown.
      if (latest.current.sharedState == null) show("stack", seriesInstanceUid);
    },
    [show],
  );
  const toggles = offered.flatMap((name) => {
    const key = LAYOUT_KEYS[name];
    // Mammograms have their prior above them.
    if (layout === "mammography" && name === "compare") return [];
    if (layout !== "stack" && name === "mammography") return [];
    return key === undefined ? [] : [[key, () => choose(layout === name ? "stack" : name)] as const];
  });
  useKeys(Object.fromEntries(toggles));
  return (
    <div className={classes.layout}>
      {refusal !== null && layout === "stack" && (
        <div className={classes.refusal} role="alert">
          {refusal.why}
          <CloseButton size="sm" aria-label={t("layout.dismiss")} onClick={() => setRefusal(null)} />
        </div>
      )}
      <Component
        {...props}
        start={start}
        layoutChoice={<LayoutChoice offered={offered} layout={layout} onLayout={choose} />}
        onRefused={onRefused}
        onViewerChange={(state, cause) => {
          last.current = state;
          if (refusal !== null && state.seriesInstanceUid !== refusal.seriesInstanceUid) setRefusal(null);
          onViewerChange?.(state, cause);
        }}
      />
    </div>
  );
}
