/** The layout "mammography": four views back to back at one scale, those of an earlier examination above them. */
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import { usePriors, useStudy } from "../api/hooks";
import type { Finding, KeyImage } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { KeyImageList } from "../keyImages/KeyImageList";
import { useKeyImageTool } from "../keyImages/useKeyImageTool";
import { ErrorState, LoadingState } from "../ui/states";
import { leastProbability, shownFindings } from "./aiFilter";
import { Cine } from "./cine";
import { UPRIGHT } from "./geometry";
import { handToolOf, type DragTool } from "./gestures";
import { ALIGNED, fittingScale, hang, PANES, sideOf, turnFor, type BreastView, type Mammogram, type PaneName } from "./hanging";
import { ImageStack } from "./imageStack";
import { MammogramPane } from "./MammogramPane";
import { redo, undo } from "./measurements";
import { MeasurementText } from "./MeasurementText";
import classes from "./mammography.module.css";
import { presetsFor } from "./presets";
import { useIntervalText } from "./RoleBar";
import type { ChangeCause } from "./stackSnapshot";
import type { LayoutProps } from "./StudyViewer";
import { useMammograms } from "./useMammograms";
import { useReaderFirst } from "./useReaderFirst";
import { useViewerKeys } from "./useViewerKeys";
import viewerClasses from "./viewer.module.css";
import type { ViewerState } from "./viewerState";
import { AiNote } from "./viewerStates";
import { ViewerToolbar } from "./ViewerToolbar";

type Shown = NonNullable<ViewerState["hanging"]>["shown"];

const SHOWN: Readonly<Record<Shown, readonly PaneName[]>> = {
  all: PANES,
  CC: ["R-CC", "L-CC"],
  MLO: ["R-MLO", "L-MLO"],
  "R-CC": ["R-CC"],
  "L-CC": ["L-CC"],
  "R-MLO": ["R-MLO"],
  "L-MLO": ["L-MLO"],
};
const SHOWN_KEYS = KEYS.mammography;
const NEXT_KEY = KEYS.mammography.next;
const NO_FINDINGS: readonly Finding[] = [];
const NO_PRIORS: readonly never[] = [];
const isSame = (a: BreastView, b: BreastView) => a.zoom === b.zoom && a.depthMm === b.depthMm && a.downMm === b.downMm;
const makeStacks = () => Object.fromEntries(PANES.map((pane) => [pane, new ImageStack()])) as Record<PaneName, ImageStack>;

export function MammographyViewer(props: LayoutProps) {
  const { study, sharedState = null, start, selectedFindingId, onSelectFinding, onViewerChange } = props;
  const { t } = useTranslation("viewer");
  const intervalText = useIntervalText();
  const mammograms = useMammograms(study.study_instance_uid, study.instance_count);
  const priors = usePriors(study.study_instance_uid).data ?? NO_PRIORS;
  const [stacks] = useState(makeStacks);
  const [priorStacks] = useState(makeStacks);
  const initial = sharedState?.hanging ?? start?.hanging ?? null;
  const [shown, setShown] = useState<Shown>(initial?.shown ?? "all");
  const [active, setActive] = useState<PaneName>("R-CC");
  const [picked, setPicked] = useState<Partial<Record<string, string>>>({});
  const [view, setView] = useState<BreastView>(ALIGNED);
  const [priorUid, setPriorUid] = useState<string | null>(initial?.priorStudyInstanceUid ?? null);
  const [tool, setTool] = useState<DragTool>("window");
  const [marksShown, setMarksShown] = useState(true);
  const [listShown, setListShown] = useState(false);
  const { ref: grid, width, height } = useElementSize();
  const prior = useStudy(priorUid ?? undefined);
  const priorMammograms = useMammograms(priorUid, prior.data?.instance_count ?? 0);

  const readerFirst = useReaderFirst(study.study_instance_uid);
  const findings = readerFirst.hides ? NO_FINDINGS : props.findings;
  const least = useSyncExternalStore(leastProbability.subscribe, leastProbability.get);
  const marked = useMemo(() => shownFindings(findings, least, selectedFindingId), [findings, least, selectedFindingId]);

  const hanging = useMemo(() => hang(mammograms.data ?? []), [mammograms.data]);
  const priorHanging = useMemo(() => hang(priorMammograms.data ?? []), [priorMammograms.data]);
  const followed = sharedState?.hanging ?? null;
  const panes = SHOWN[followed?.shown ?? shown];
  const all = mammograms.data ?? [];
  const imageIn = (pane: PaneName): Mammogram | null =>
    all.find(({ sopInstanceUid }) => sopInstanceUid === picked[pane]) ?? hanging.panes[pane][0] ?? null;
  const priorImageIn = (pane: PaneName): Mammogram | null =>
    priorMammograms.data?.find(({ sopInstanceUid }) => sopInstanceUid === picked[`prior-${pane}`]) ?? priorHanging.panes[pane][0] ?? null;
  /** Brings an image on screen, those that are none of the four views in the place of an oblique one. */
  const bring = (image: Mammogram): PaneName => {
    const pane = PANES.find((name) => hanging.panes[name].includes(image)) ?? (image.side === "L" ? "L-MLO" : "R-MLO");
    setPicked((before) => ({ ...before, [pane]: image.sopInstanceUid }));
    setActive(pane);
    if (!SHOWN[shown].includes(pane)) setShown("all");
    return pane;
  };
  const hasPrior = priorUid !== null;
  const columns = panes.length === 4 && !hasPrior ? 2 : panes.length;
  const rows = hasPrior || panes.length === 4 ? 2 : 1;
  const size = { width: width / columns, height: height / rows };
  const hung = panes.flatMap((pane) =>
    [imageIn(pane), hasPrior ? priorImageIn(pane) : null].flatMap((image) =>
      image === null ? [] : [{ image, side: sideOf(pane), turn: turnFor(pane, image.orientation) ?? UPRIGHT }],
    ),
  );
  const fitting = width > 0 && height > 0 ? fittingScale(hung, size) : 1;

  const taken = panes.filter((pane) => imageIn(pane) !== null);
  const leading = taken.includes(active) ? active : (taken[0] ?? "R-CC");
  const stack = stacks[leading];
  const cine = useMemo(() => new Cine(stack), [stack]);
  const snapshot = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const presets = useMemo(() => presetsFor("MG", snapshot.shown?.facts.storedWindows ?? []), [snapshot.shown?.facts.storedWindows]);
  const onScreen = panes.flatMap((pane) => (hasPrior ? [stacks[pane], priorStacks[pane]] : [stacks[pane]]));

  const tell = (next: Partial<{ shown: Shown; view: BreastView; priorUid: string | null }>, cause: "user" | "load") => {
    const state = stack.state(selectedFindingId);
    if (state === null) return;
    onViewerChange?.(
      {
        ...state,
        layout: "mammography",
        hanging: {
          shown: next.shown ?? shown,
          view: isSame(next.view ?? view, ALIGNED) ? null : (next.view ?? view),
          priorStudyInstanceUid: next.priorUid === undefined ? priorUid : next.priorUid,
        },
      },
      cause,
    );
  };
  const show = (next: Shown) => {
    setShown(next);
    setView(ALIGNED);
    const [first] = SHOWN[next];
    if (first !== undefined && !SHOWN[next].includes(active)) setActive(first);
    tell({ shown: next, view: ALIGNED }, "user");
  };
  const showNext = () => {
    const at = PANES.findIndex((pane) => pane === shown);
    show(PANES[(at + 1) % PANES.length] ?? "all");
  };
  const togglePrior = () => {
    const next = hasPrior ? null : (priors.find(({ is_suggested }) => is_suggested)?.study_instance_uid ?? null);
    setPriorUid(next);
    setView(ALIGNED);
    tell({ priorUid: next, view: ALIGNED }, "user");
  };
  /** The page's list of series shows whose picture leads. */
  const tellPage = (pane: PaneName) => {
    const uid = imageIn(pane)?.seriesInstanceUid;
    if (uid !== undefined) props.onOpenSeries?.(uid);
  };
  const onPane = (pane: PaneName, from: ImageStack, cause: ChangeCause, seen: BreastView | null) => {
    if (cause === "user" && seen !== null) {
      setView(seen);
      const own = from.snapshot.get();
      const isInverted = own.presentation !== null && own.presentation.invert !== (own.stored?.invert ?? false);
      for (const other of onScreen) {
        const stored = other.snapshot.get().stored?.invert ?? false;
        if (other !== from) other.adopt((before) => ({ ...before, invert: stored !== isInverted }));
      }
      tell({ view: seen }, "user");
    } else if (cause === "reset") {
      setView(ALIGNED);
      tell({ view: ALIGNED }, "user");
    } else if (cause === "load" && pane === leading) {
      tell({}, "load");
      tellPage(pane);
    }
  };

  useEffect(() => stack.setTool(handToolOf(tool)), [stack, tool]);

  // What somebody else shows decides which views there are; how the picture lies follows with it.
  const followedSop = sharedState?.layout === "mammography" ? sharedState.sopInstanceUid : null;
  const followedPane = followedSop === null ? undefined : panes.find((pane) => imageIn(pane)?.sopInstanceUid === followedSop);
  const followedStack = followedPane === undefined ? null : stacks[followedPane];
  const isLoaded = followedStack !== null && followedStack.snapshot.get().shown !== null;
  const followedPrior = followed === null ? undefined : followed.priorStudyInstanceUid;
  if (followedPrior !== undefined && followedPrior !== priorUid) setPriorUid(followedPrior);
  if (followed !== null && followed.shown !== shown) setShown(followed.shown);
  const followedView = followed === null ? view : (followed.view ?? ALIGNED);
  if (!isSame(followedView, view)) setView(followedView);
  // The window is one picture's own, the inversion that of all: as `onPane` has it.
  const { windowCenter, windowWidth, invert } = sharedState ?? {};
  useEffect(() => {
    if (followedStack === null || !isLoaded || windowCenter === undefined || windowWidth === undefined) return;
    const isInverted = invert !== (followedStack.snapshot.get().stored?.invert ?? false);
    for (const each of [...Object.values(stacks), ...Object.values(priorStacks)]) {
      const own = each === followedStack ? { window: { center: windowCenter, width: windowWidth } } : {};
      const stored = each.snapshot.get().stored?.invert ?? false;
      each.adopt((before) => ({ ...before, ...own, invert: stored !== isInverted }));
    }
  }, [followedStack, isLoaded, windowCenter, windowWidth, invert, stacks, priorStacks]);

  // A series that the page chooses brings its image on screen, unless one of it leads.
  const [pageSeries, setPageSeries] = useState(props.seriesInstanceUid);
  if (props.seriesInstanceUid !== pageSeries && mammograms.isSuccess) {
    setPageSeries(props.seriesInstanceUid);
    const isOfIt = (image: Mammogram | null) => image?.seriesInstanceUid === props.seriesInstanceUid;
    const image = [...PANES.flatMap((pane) => hanging.panes[pane]), ...hanging.others].find(isOfIt);
    if (image !== undefined && !isOfIt(imageIn(leading))) bring(image);
  }

  // So does a finding.
  const latest = useRef({ findings, all, bring });
  useEffect(() => {
    latest.current = { findings, all, bring };
  });
  useEffect(() => {
    const finding = latest.current.findings.find(({ id }) => id === selectedFindingId);
    const image = latest.current.all.find(({ sopInstanceUid }) => sopInstanceUid === finding?.sop_instance_uid);
    if (image !== undefined) latest.current.bring(image);
  }, [selectedFindingId, mammograms.isSuccess]);

  const applyPreset = (key: string) => {
    for (const each of onScreen) {
      const { shown: image, stored } = each.snapshot.get();
      const preset = presetsFor("MG", image?.facts.storedWindows ?? []).find((one) => one.key === key);
      const window = preset?.window ?? (preset === undefined ? undefined : stored?.window);
      if (window === undefined) continue;
      if (each === stack) each.setWindow(window);
      else each.adopt((before) => ({ ...before, window }));
    }
  };
  /** The key image that is on its way to the screen: its window follows the picture. */
  const opening = useRef<KeyImage | null>(null);
  const shade = (at: ImageStack) => {
    const one = opening.current;
    opening.current = null;
    if (one === null) return;
    at.goTo(one.frame);
    if (one.window === null) return;
    at.setWindow(one.window);
    at.setInvert(one.invert);
  };
  useEffect(() => {
    if (opening.current?.sop_instance_uid === snapshot.shown?.sopInstanceUid) shade(stack);
  }, [stack, snapshot.shown?.sopInstanceUid]);
  const showKeyImage = (one: KeyImage): boolean => {
    const image = all.find(({ sopInstanceUid }) => sopInstanceUid === one.sop_instance_uid);
    if (image === undefined) return false;
    const pane = bring(image);
    if (!SHOWN[shown].includes(pane)) show("all");
    opening.current = one;
    if (stacks[pane].snapshot.get().shown?.sopInstanceUid === one.sop_instance_uid) shade(stacks[pane]);
    return true;
  };
  const keyImages = useKeyImageTool(study, stack, showKeyImage, mammograms.isSuccess);
  const toggleMarks = () => setMarksShown((on) => !on);
  useViewerKeys(stack, { setTool, toggleMarks, applyPreset, togglePlay: cine.toggle, undo, redo });
  useKeys({
    [SHOWN_KEYS.all]: () => show("all"),
    [SHOWN_KEYS.CC]: () => show("CC"),
    [SHOWN_KEYS.MLO]: () => show("MLO"),
    [NEXT_KEY]: showNext,
    [KEYS.mammography.prior]: togglePrior,
  });

  const days = priors.find(({ study_instance_uid: uid }) => uid === priorUid)?.days_before;
  const role = (of: "current" | "prior") =>
    hasPrior
      ? { name: t(`compare.role.${of}`), interval: of === "prior" && days !== undefined ? intervalText(days) : null }
      : null;
  const pick = (image: Mammogram) => {
    show(bring(image));
  };
  const paneProps = {
    fitting,
    view,
    tool,
    selectedFindingId,
    onSelectFinding,
    pointers: props.pointers ?? [],
    onPointer: props.onPointer,
  };
  return (
    <section
      className={viewerClasses.viewer}
      aria-label={t("viewer")}
      data-testid="study-viewer"
      data-layout="mammography"
      data-ready={snapshot.shown !== null && snapshot.fault === null}
      data-shown={shown}
      data-study-instance-uid={study.study_instance_uid}
      data-series-instance-uid={snapshot.shown?.seriesInstanceUid}
      data-sop-instance-uid={snapshot.shown?.sopInstanceUid}
      data-key-image={keyImages.marked.length > 0}
      data-ai={readerFirst.hides ? "hidden" : marksShown ? `${marked.length}/${findings.length}` : "off"}
    >
      <ViewerToolbar
        stack={stack}
        cine={cine}
        tool={tool}
        onTool={setTool}
        presets={presets}
        onPreset={applyPreset}
        ai={{ marksShown, onToggleMarks: toggleMarks, shownCount: marked.length, findingCount: findings.length, readerFirst }}
        layoutChoice={props.layoutChoice}
        measurementCount={0}
        listShown={false}
        onToggleList={null}
        keyImages={{ tool: keyImages, listShown, onToggleList: () => setListShown((on) => !on) }}
      />
      <div className={classes.others} role="group" aria-label={t("mammography.views")}>
        {(["all", "CC", "MLO"] as const).map((each) => (
          <button key={each} type="button" aria-pressed={shown === each} aria-keyshortcuts={SHOWN_KEYS[each]} onClick={() => show(each)}>
            {t(`mammography.shown.${each}`)}
          </button>
        ))}
        <button type="button" aria-pressed={PANES.some((pane) => pane === shown)} aria-keyshortcuts={NEXT_KEY} onClick={showNext}>
          {t("mammography.shown.one")}
        </button>
        {priors.some(({ is_suggested }) => is_suggested) && (
          <button type="button" aria-pressed={hasPrior} aria-keyshortcuts="P" onClick={togglePrior}>
            {t("mammography.prior")}
          </button>
        )}
        {hanging.others.length > 0 && <span>{t("mammography.others", { count: hanging.others.length })}</span>}
        {hanging.others.map((image) => (
          <button key={image.sopInstanceUid} type="button" onClick={() => pick(image)}>
            {[image.side, image.view].filter(Boolean).join(" ") || t("mammography.unnamed")}
            {image.kind !== "plain" && ` · ${t(`mammography.kind.${image.kind}`)}`}
          </button>
        ))}
      </div>
      {mammograms.isPending && <LoadingState rows={4} />}
      {mammograms.isError && <ErrorState error={mammograms.error} onRetry={() => void mammograms.refetch()} />}
      {prior.isError && <ErrorState error={prior.error} onRetry={() => void prior.refetch()} />}
      {mammograms.isSuccess && (
        <div className={viewerClasses.body}>
          <div ref={grid} className={classes.grid} style={{ "--columns": columns, "--rows": rows } as CSSProperties}>
            {hasPrior &&
              prior.data !== undefined &&
              panes.map((pane) => (
                <MammogramPane
                  key={`prior-${pane}`}
                  {...paneProps}
                  name={pane}
                  stack={priorStacks[pane]}
                  study={prior.data}
                  images={priorHanging.panes[pane]}
                  image={priorImageIn(pane)}
                  onImage={(uid) => setPicked((before) => ({ ...before, [`prior-${pane}`]: uid }))}
                  isPrior
                  role={role("prior")}
                  isActive={false}
                  findings={marksShown && !readerFirst.hides ? prior.data.findings : NO_FINDINGS}
                  onActive={() => undefined}
                  onChange={(cause, seen) => onPane(pane, priorStacks[pane], cause, seen)}
                />
              ))}
            {panes.map((pane) => (
              <MammogramPane
                key={pane}
                {...paneProps}
                name={pane}
                stack={stacks[pane]}
                study={study}
                images={hanging.panes[pane]}
                image={imageIn(pane)}
                onImage={(uid) => setPicked((before) => ({ ...before, [pane]: uid }))}
                followedTurn={sharedState !== null && pane === followedPane ? { rotation: sharedState.rotation, flip: sharedState.flip } : null}
                isPrior={false}
                role={role("current")}
                isActive={pane === leading && panes.length > 1}
                findings={marksShown ? marked : NO_FINDINGS}
                onActive={() => {
                  setActive(pane);
                  tellPage(pane);
                }}
                onChange={(cause, seen) => onPane(pane, stacks[pane], cause, seen)}
              />
            ))}
            <AiNote hides={readerFirst.hides} shown={marksShown ? marked.length : findings.length} count={findings.length} />
          </div>
          {listShown && <KeyImageList tool={keyImages} onClose={() => setListShown(false)} />}
        </div>
      )}
      <MeasurementText />
    </section>
  );
}
