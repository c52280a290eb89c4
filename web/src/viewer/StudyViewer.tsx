/** The layout "stack": one series at a time, AI marks and pointers on it. */
import { IconPhotoOff } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Finding, KeyImage, StudyDetail } from "../api/types";
import { shownAs, ticksOf } from "../keyImages/keyImage";
import { KeyImageList } from "../keyImages/KeyImageList";
import { useKeyImageTool } from "../keyImages/useKeyImageTool";
import { EmptyState } from "../ui/states";
import { leastProbability, shownFindings } from "./aiFilter";
import { BoxEditor } from "./BoxEditor";
import { Cine } from "./cine";
import { CineBar } from "./CineBar";
import { CornerTexts } from "./CornerTexts";
import { FirstPicture } from "./FirstPicture";
import { FindingMarks } from "./FindingMarks";
import { marksOn } from "./findingOnSlice";
import { followGestures, handToolOf, type DragTool } from "./gestures";
import { ImageStack } from "./imageStack";
import { MeasurementList } from "./MeasurementList";
import { redo, select, undo } from "./measurements";
import { MeasurementText } from "./MeasurementText";
import { rememberPlace, takeAway } from "./pictureAhead";
import type { BesideViewer } from "./PriorPane";
import { PointerMarks, type NamedPointer } from "./PointerMarks";
import { presetsFor } from "./presets";
import { SeriesStrip } from "./SeriesStrip";
import { addressOf, firstSeries, indexOfInstance } from "./slices";
import { SharedMarks } from "./SharedMarks";
import { SliceSlider } from "./SliceSlider";
import type { ChangeCause } from "./stackSnapshot";
import type { Readable } from "./store";
import { useStudyMeasurements, type StudyMeasurement } from "./studyMeasurements";
import { useReaderFirst } from "./useReaderFirst";
import { useViewerKeys } from "./useViewerKeys";
import classes from "./viewer.module.css";
import { AiNote, LoadFailure, LoadingImage } from "./viewerStates";
import { latestPerFrame, latestPerTask, type Pointer, type ShownImage, type ViewerState } from "./viewerState";
import { ViewerToolbar } from "./ViewerToolbar";

export interface ViewerProps {
  study: StudyDetail;
  /** The series to open, where the page chooses; null: the viewer chooses and shows its own strip of series. */
  seriesInstanceUid: string | null;
  /** Told of a series that the viewer opened by itself where the page chooses them. */
  onOpenSeries?: (seriesInstanceUid: string) => void;
  findings: Finding[];
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  /** A state to show, usually somebody else's; null leaves the viewer to its user. */
  sharedState?: ViewerState | null;
  /** The same, followed without the page being drawn for each slice. */
  followed?: Readable<ViewerState | null> | null;
  /** Told of every change but those that `sharedState` caused; "load" is a series that opened by itself. */
  onViewerChange?: (state: ViewerState, cause: ChangeCause) => void;
  pointers?: readonly NamedPointer[];
  /** Where the user points on the image, at most once a frame; null beside it. */
  onPointer?: (pointer: Pointer | null) => void;
}

/** What each layout is given by `ViewerLayout` beside the props of the page. */
export interface LayoutProps extends ViewerProps {
  /** What was on screen in the layout before; null: nothing yet. */
  start: ViewerState | null;
  /** Where the user chooses another layout: belongs into the toolbar. */
  layoutChoice: ReactNode;
  /** To be called with a sentence where this layout cannot show a series: the stack shows it then. */
  onRefused: (seriesInstanceUid: string, why: string) => void;
}

export interface StudyViewerProps extends LayoutProps {
  /** Above the picture. */
  head?: ReactNode;
  /** What stands beside the picture, with what it needs of it. */
  beside?: (viewer: BesideViewer) => ReactNode;
}

const NO_FINDINGS: Finding[] = [];
const isCoarse = () => window.matchMedia("(pointer: coarse)").matches;

export function StudyViewer(props: StudyViewerProps) {
  const { study, seriesInstanceUid, selectedFindingId, onSelectFinding, sharedState = null } = props;
  const { t } = useTranslation("viewer");
  const [stack] = useState(() => new ImageStack());
  const [cine] = useState(() => new Cine(stack));
  const snapshot = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const [tool, setTool] = useState<DragTool>(() => (isCoarse() ? "scroll" : "window"));
  const [marksShown, setMarksShown] = useState(true);
  const [drawn, setDrawn] = useState<string | null>(null);
  const [list, setList] = useState<"measurements" | "keyImages" | null>(null);
  const readerFirst = useReaderFirst(study.study_instance_uid);
  const findings = readerFirst.hides ? NO_FINDINGS : props.findings;
  const least = useSyncExternalStore(leastProbability.subscribe, leastProbability.get);
  const marked = useMemo(() => shownFindings(findings, least, selectedFindingId), [findings, least, selectedFindingId]);
  const { measurements, placeOf } = useStudyMeasurements(study);
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef({ props: { ...props, findings }, tool });
  useEffect(() => {
    latest.current = { props: { ...props, findings }, tool };
  });

  useEffect(() => {
    const host = element.current;
    if (host === null) return undefined;
    // Not with the next frame: drawing it would come first.
    const report = latestPerTask((cause: ChangeCause) => {
      const { onViewerChange, selectedFindingId: selected } = latest.current.props;
      const state = stack.state(selected);
      if (state !== null) onViewerChange?.({ ...state, tool: latest.current.tool }, cause === "reset" ? "user" : cause);
    });
    const point = latestPerFrame((at: readonly [number, number] | null) => {
      stack.pointAt(at);
      const on = at === null ? null : stack.imagePoint(at);
      const slice = stack.snapshot.get().shown;
      latest.current.props.onPointer?.(
        on === null || slice === null ? null : { sopInstanceUid: slice.sopInstanceUid, frame: slice.frame, x: on[0], y: on[1] },
      );
    });
    const ignoreGestures = followGestures(host, stack, () => latest.current.tool, point);
    void stack.attach(host, report);
    return () => {
      ignoreGestures();
      report.cancel();
      point.cancel();
      cine.stop();
      stack.detach();
    };
  }, [stack, cine]);

  // A study, a series or somebody's state decides what is open. Letting go of a shared state, or more slices
  // arriving, leaves the reader where they are.
  const studyUid = study.study_instance_uid;
  const instanceCount = study.instance_count;
  const sharedSeries = sharedState?.studyInstanceUid === studyUid ? sharedState.seriesInstanceUid : null;
  const asked = useRef<string | null>(null);
  useEffect(() => {
    const { study: opened, findings: known, sharedState: followed, selectedFindingId: selected } = latest.current.props;
    const start = stack.snapshot.get().seriesInstanceUid === null ? latest.current.props.start : null;
    const request = `${studyUid} ${seriesInstanceUid ?? ""}`;
    const current = stack.state(selected);
    const isSame = asked.current === request;
    const stays = isSame && current?.studyInstanceUid === studyUid ? current : null;
    asked.current = request;
    const wanted = sharedSeries ?? stays?.seriesInstanceUid ?? seriesInstanceUid ?? start?.seriesInstanceUid;
    const series = opened.series.find((each) => each.series_instance_uid === wanted) ?? firstSeries(opened, known);
    if (series === null) return;
    const uid = series.series_instance_uid;
    if (isSame && stack.holds(opened, series)) return;
    const holdsStart = series.instances.some((each) => each.sop_instance_uid === start?.sopInstanceUid);
    const state = [followed, stays, holdsStart ? start : null].find((each) => each?.seriesInstanceUid === uid) ?? null;
    const finding = known.find((each) => each.id === selected && each.series_instance_uid === uid);
    stack.open(opened, series, state?.sopInstanceUid ?? finding?.sop_instance_uid ?? null, state, "load");
  }, [stack, studyUid, instanceCount, seriesInstanceUid, sharedSeries]);

  // What was followed as it came is not drawn again when the page around it is told.
  const followedLast = useRef<ViewerState | null>(null);
  useEffect(() => {
    if (sharedState !== null && sharedState !== followedLast.current) stack.follow(sharedState);
  }, [stack, sharedState]);

  const { followed = null } = props;
  useEffect(() => {
    const unsubscribe = followed?.subscribe(() => {
      const state = followed.get();
      followedLast.current = state;
      if (state !== null) stack.follow(state);
    });
    return () => {
      unsubscribe?.();
      followedLast.current = null;
    };
  }, [stack, followed]);

  // Selecting a finding brings its slice; when the selection itself was followed, so was the slice.
  useEffect(() => {
    const { study: opened, findings: known, sharedState: followed } = latest.current.props;
    if (selectedFindingId === null || followed?.findingId === selectedFindingId) return;
    const finding = known.find((each) => each.id === selectedFindingId);
    if (finding === undefined) return;
    if (stack.snapshot.get().seriesInstanceUid === finding.series_instance_uid) {
      stack.goToInstance(finding.sop_instance_uid);
      return;
    }
    const series = opened.series.find((each) => each.series_instance_uid === finding.series_instance_uid);
    if (series !== undefined) stack.open(opened, series, finding.sop_instance_uid, null, "user");
  }, [stack, selectedFindingId]);

  useEffect(() => stack.setTool(handToolOf(tool)), [stack, tool]);

  const { shown, slices, transform, presentation, stored, wantedIndex, fault } = snapshot;
  const series = study.series.find((each) => each.series_instance_uid === snapshot.seriesInstanceUid) ?? null;
  const presets = useMemo(
    () => presetsFor(series?.modality ?? "", shown?.facts.storedWindows ?? []),
    [series?.modality, shown?.facts.storedWindows],
  );
  const marks = useMemo(() => (shown === null ? [] : marksOn(marked, shown)), [marked, shown]);
  const ticks = useMemo(
    () =>
      marked
        .filter((finding) => finding.series_instance_uid === snapshot.seriesInstanceUid)
        .map((finding) => ({ finding, index: indexOfInstance(slices, finding.sop_instance_uid) })),
    [marked, slices, snapshot.seriesInstanceUid],
  );
  const applyPreset = (key: string) => {
    const preset = presets.find((each) => each.key === key);
    const window = preset?.window ?? stored?.window;
    if (preset !== undefined && window !== undefined) stack.setWindow(window);
  };
  const toggleMarks = () => setMarksShown((on) => !on);
  const openSeries = (uid: string, at: string | null = null, as: ShownImage | null = null) => {
    const chosen = study.series.find((each) => each.series_instance_uid === uid);
    if (chosen === undefined) return;
    stack.open(study, chosen, at, as, "user");
    if (seriesInstanceUid === null) return;
    // It is open already when the page asks for what it is told of here.
    asked.current = `${studyUid} ${uid}`;
    props.onOpenSeries?.(uid);
  };
  /** Undo and redo show what they change. */
  const showImage = (imageId: string | null) => {
    const place = imageId === null ? null : placeOf(imageId);
    if (place === null) return;
    if (place.seriesInstanceUid === stack.snapshot.get().seriesInstanceUid) stack.goTo(place.index);
    else openSeries(place.seriesInstanceUid, place.sopInstanceUid);
  };
  const stepBack = () => showImage(undo());
  const stepForward = () => showImage(redo());
  const goToMeasurement = ({ uid, imageId, owner }: StudyMeasurement) => {
    showImage(imageId);
    if (owner === null) select(uid);
  };
  const showKeyImage = (one: KeyImage): boolean => {
    const isOpen = one.series_instance_uid === stack.snapshot.get().seriesInstanceUid;
    const before = isOpen ? stack.image() : null;
    const as = shownAs(one, before);
    if (before !== null && as !== null) stack.follow(as, "user");
    else openSeries(one.series_instance_uid, one.sop_instance_uid, as);
    return true;
  };
  const keyImages = useKeyImageTool(study, stack, showKeyImage);
  const toggleList = (which: "measurements" | "keyImages") => setList((on) => (on === which ? null : which));
  const chooseTool = (next: DragTool) => {
    setTool(next);
    const state = stack.state(selectedFindingId);
    // Of the presenter everybody is told; who follows goes on following.
    if (state !== null) props.onViewerChange?.({ ...state, tool: next }, "load");
  };
  useViewerKeys(stack, { setTool: chooseTool, toggleMarks, applyPreset, togglePlay: cine.toggle, undo: stepBack, redo: stepForward });

  const isDrawn = shown !== null;
  const isOnPage = seriesInstanceUid !== null;
  useEffect(() => {
    if (isDrawn && isOnPage && element.current !== null) rememberPlace(element.current.getBoundingClientRect());
  }, [isDrawn, isOnPage]);
  const isSettled = isDrawn || fault !== null;
  useEffect(() => {
    if (isSettled) takeAway();
  }, [isSettled]);

  const isWaiting = fault === null && shown?.index !== wantedIndex;
  // Somebody else's state may show it otherwise than it wants itself.
  const isOwn = sharedState === null && followed === null && props.start === null;
  const first = shown === null && fault === null && isOwn ? addressOf(slices[wantedIndex]) : null;

  return (
    <section
      className={classes.viewer}
      aria-label={t("viewer")}
      data-testid="study-viewer"
      data-ready={shown !== null && !isWaiting && fault === null}
      data-study-instance-uid={studyUid}
      data-series-instance-uid={shown?.seriesInstanceUid}
      data-sop-instance-uid={shown?.sopInstanceUid}
      data-slice-index={shown?.index}
      data-slice-count={slices.length}
      data-window-center={presentation === null ? undefined : Math.round(presentation.window.center)}
      data-window-width={presentation === null ? undefined : Math.round(presentation.window.width)}
      data-zoom={presentation?.view.zoom.toFixed(3)}
      data-ai={readerFirst.hides ? "hidden" : marksShown ? `${marked.length}/${findings.length}` : "off"}
      data-rotation={presentation?.turn.rotation}
      data-flip={presentation?.turn.flip}
      data-invert={presentation?.invert}
      data-key-image={keyImages.marked.length > 0}
      data-image-to-canvas={transform === null ? undefined : [transform.origin, transform.column, transform.row].flat().join(" ")}
    >
      <ViewerToolbar
        stack={stack}
        cine={cine}
        tool={tool}
        onTool={chooseTool}
        presets={presets}
        onPreset={applyPreset}
        ai={{
          marksShown,
          onToggleMarks: toggleMarks,
          shownCount: marked.length,
          findingCount: findings.length,
          readerFirst,
        }}
        measurementCount={measurements.length}
        layoutChoice={props.layoutChoice}
        listShown={list === "measurements"}
        onToggleList={() => toggleList("measurements")}
        keyImages={{ tool: keyImages, listShown: list === "keyImages", onToggleList: () => toggleList("keyImages") }}
      />
      <div className={classes.body}>
        {seriesInstanceUid === null && study.series.length > 1 && (
          <SeriesStrip study={study} findings={findings} current={snapshot.seriesInstanceUid} onOpen={openSeries} />
        )}
        <div className={classes.pictures}>
          <div className={classes.column}>
            {props.head}
            <div className={classes.row}>
              <div className={classes.stage}>
                <div ref={element} className={classes.canvas} data-tool={tool} />
                {first !== null && <FirstPicture key={first} address={first} onDrawn={setDrawn} />}
                {shown !== null && transform !== null && (
                  <svg className={classes.overlay} aria-hidden={!marksShown}>
                    {marksShown && (
                      <FindingMarks marks={marks} transform={transform} selectedId={selectedFindingId} onSelect={onSelectFinding} />
                    )}
                    <PointerMarks pointers={props.pointers ?? []} shown={shown} transform={transform} />
                    <SharedMarks shown={shown} transform={transform} />
                  </svg>
                )}
                <BoxEditor stack={stack} />
                <CornerTexts study={study} series={series} stack={stack} />
                <AiNote hides={readerFirst.hides} shown={marksShown ? marked.length : findings.length} count={findings.length} />
                <CineBar cine={cine} asked={shown?.facts.framesPerSecond ?? null} />
                {isWaiting && <LoadingImage first={shown === null && drawn !== first} empty={slices.length === 0} />}
                {fault !== null && <LoadFailure fault={fault} onRetry={() => stack.retry()} />}
                {study.series.every((each) => each.instances.length === 0) && (
                  <div className={classes.cover}>
                    <EmptyState icon={IconPhotoOff} title={t("empty.title")} text={t("empty.text")} />
                  </div>
                )}
              </div>
              {slices.length > 1 && (
                <SliceSlider
                  index={wantedIndex}
                  count={slices.length}
                  loaded={stack.loaded}
                  ticks={marksShown ? ticks : []}
                  selectedId={selectedFindingId}
                  keyImages={ticksOf(keyImages.all, slices)}
                  onIndex={(index) => stack.goTo(index)}
                />
              )}
            </div>
          </div>
          {props.beside?.({ stack, series, tool, marksShown: marksShown && !readerFirst.hides })}
        </div>
        {list === "keyImages" && <KeyImageList tool={keyImages} onClose={() => setList(null)} />}
        {list === "measurements" && (
          <MeasurementList
            measurements={measurements}
            onGoTo={goToMeasurement}
            onUndo={stepBack}
            onRedo={stepForward}
            onClose={() => setList(null)}
          />
        )}
      </div>
      <MeasurementText />
    </section>
  );
}
