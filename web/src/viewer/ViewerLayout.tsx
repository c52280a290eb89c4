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
import { suitsHanging } from "./hanging";
import { MammographyViewer } from "./MammographyViewer";
import { MprLayout } from "./mpr/MprLayout";
import { suitsPlanes } from "./mpr/suitsPlanes";
import { StudyViewer, type LayoutProps, type ViewerProps } from "./StudyViewer";
import { useMammograms } from "./useMammograms";
import classes from "./viewer.module.css";
import type { Layout, ViewerState } from "./viewerState";

interface LayoutEntry {
  Component: ComponentType<LayoutProps>;
  /** Whether the study has what this layout shows. */
  suits: (study: StudyDetail, priors: readonly Prior[]) => boolean;
}

const mammogramsIn = ({ series }: StudyDetail) => series.filter(({ modality }) => modality === "MG");

const STACK: LayoutEntry = { Component: StudyViewer, suits: () => true };
/** A layout that is not here, or does not suit a study, is shown as a stack. */
const LAYOUTS: Readonly<Record<Layout, LayoutEntry | null>> = {
  stack: STACK,
  mpr: { Component: MprLayout, suits: suitsPlanes },
  compare: { Component: CompareViewer, suits: (_, priors) => priors.length > 0 },
  mammography: {
    Component: MammographyViewer,
    suits: (study) => mammogramsIn(study).length > 0,
  },
};
const NAMES = Object.keys(LAYOUTS) as Layout[];

/** How a study opens, by its mammograms; null: not known before their headers have come. */
function useOpeningLayout(study: StudyDetail): Layout | null {
  const count = mammogramsIn(study).reduce((sum, { instances }) => sum + instances.length, 0);
  const mammograms = useMammograms(count > 1 ? study.study_instance_uid : null, study.instance_count);
  if (count < 2 || mammograms.isError) return "stack";
  if (mammograms.data === undefined) return null;
  return suitsHanging(mammograms.data) ? "mammography" : "stack";
}

/** What a layout could not show, and why. */
interface Refusal {
  layout: Layout;
  seriesInstanceUid: string;
  why: string;
}

export function ViewerLayout(props: ViewerProps) {
  const { study, seriesInstanceUid, sharedState = null, onViewerChange } = props;
  const uid = study.study_instance_uid;
  const { t } = useTranslation("viewer");
  const [choice, setChoice] = useState<{ studyInstanceUid: string; layout: Layout } | null>(null);
  const [pageSeries, setPageSeries] = useState(seriesInstanceUid);
  const [start, setStart] = useState<ViewerState | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const last = useRef<ViewerState | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    if (sharedState !== null) last.current = sharedState;
  });
  // How a study opened stays, whatever else of it arrives; a followed layout does when nobody is followed any more.
  const opening = useOpeningLayout(study);
  const before = choice?.studyInstanceUid === uid ? choice.layout : null;
  const known = sharedState?.layout ?? before ?? opening;
  if (known !== null && known !== before) setChoice({ studyInstanceUid: uid, layout: known });
  // The hanging says that it is loading.
  const chosen = known ?? "mammography";
  // A series that the page chooses may be none of the views that hang.
  if (seriesInstanceUid !== pageSeries) {
    setPageSeries(seriesInstanceUid);
    const isMammogram = mammogramsIn(study).some((each) => each.series_instance_uid === seriesInstanceUid);
    if (chosen === "mammography" && !isMammogram) setChoice({ studyInstanceUid: uid, layout: "stack" });
  }

  const priors = usePriors(uid).data ?? [];
  // Who may not see the prior that somebody compares with is told so in the layout itself.
  const offered = NAMES.filter((name) => LAYOUTS[name]?.suits(study, priors) || (name === "compare" && sharedState?.layout === name));
  const isRefused =
    refusal?.layout === chosen && refusal.seriesInstanceUid === (sharedState ?? start ?? refusal).seriesInstanceUid;
  const layout = offered.includes(chosen) && !isRefused ? chosen : "stack";
  const { Component } = LAYOUTS[layout] ?? STACK;

  const show = useCallback(
    (next: Layout, series: string | null = null) => {
      const choice = { studyInstanceUid: uid, layout: next };
      if (last.current?.studyInstanceUid !== uid) return setChoice(choice);
      const state: ViewerState = { ...last.current, layout: next, mpr: null };
      setChoice(choice);
      // Of another series nothing was on screen yet: the layout tells of it when something is.
      const isOther = series !== null && series !== state.seriesInstanceUid;
      setStart(isOther ? { ...state, seriesInstanceUid: series } : state);
      if (isOther) return;
      last.current = state;
      latest.current.onViewerChange?.(state, "user");
    },
    [uid],
  );
  const choose = (next: Layout) => {
    setRefusal(null);
    if (next !== layout) show(next);
  };
  // Planes are no images that could be marked, and not every image hangs: the stack shows a key image.
  const keyImage = useSyncExternalStore(wantedKeyImage.subscribe, wantedKeyImage.get);
  const isElsewhere = layout === "mpr" || (layout === "mammography" && keyImage?.modality !== "MG");
  const isAsked = keyImage?.study_instance_uid === uid && isElsewhere;
  useEffect(() => {
    if (isAsked) show("stack");
  }, [isAsked, show]);
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
        key={layout === "mammography" ? uid : layout}
        {...props}
        start={start?.studyInstanceUid === uid ? start : null}
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
