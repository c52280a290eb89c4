/** The layout "mpr": axial, coronal and sagittal planes through one series, which meet in the crosshair. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Finding } from "../../api/types";
import { leastProbability, shownFindings } from "../aiFilter";
import type { PlaneTool } from "../gestures";
import { presetsFor } from "../presets";
import { SeriesStrip } from "../SeriesStrip";
import { firstSeries } from "../slices";
import { SliceSlider } from "../SliceSlider";
import type { ChangeCause } from "../stackSnapshot";
import type { LayoutProps } from "../StudyViewer";
import { useReaderFirst } from "../useReaderFirst";
import viewer from "../viewer.module.css";
import { AiNote } from "../viewerStates";
import { latestPerFrame } from "../viewerState";
import classes from "./mpr.module.css";
import { MprModel } from "./mprModel";
import { MprToolbar } from "./MprToolbar";
import { atIndex, inReadingOrder, indexOf, lookAt, opening, pointerAt, withWindow } from "./mprView";
import { centreOf } from "./planeMarks";
import { PlaneView } from "./PlaneView";
import { layerAt, PLANES, sectionOf } from "./section";
import { useMprKeys } from "./useMprKeys";
import { faultText } from "./volumeFault";
import { VolumeLoading } from "./VolumeLoading";

const NO_FINDINGS: Finding[] = [];

export function MprLayout(props: LayoutProps) {
  const { study, seriesInstanceUid, selectedFindingId, sharedState = null, start, onRefused } = props;
  const { t } = useTranslation("viewer");
  const [tool, setTool] = useState<PlaneTool>("crosshair");
  const [marksShown, setMarksShown] = useState(true);
  const [isLarge, setLarge] = useState(false);
  const [ownSeries, setOwnSeries] = useState(start?.seriesInstanceUid ?? null);
  const readerFirst = useReaderFirst(study.study_instance_uid);
  const findings = readerFirst.hides ? NO_FINDINGS : props.findings;
  const least = useSyncExternalStore(leastProbability.subscribe, leastProbability.get);
  const marked = useMemo(() => shownFindings(findings, least, selectedFindingId), [findings, least, selectedFindingId]);
  const latest = useRef({ ...props, findings });
  useEffect(() => {
    latest.current = { ...props, findings };
  });
  const [model] = useState(() => new MprModel());
  const { shown, count, loadedCount, fault, seriesInstanceUid: openSeries } = useSyncExternalStore(
    model.snapshot.subscribe,
    model.snapshot.get,
  );

  // The series of a shared state stays open when nobody is followed any more.
  const sharedSeries = sharedState?.studyInstanceUid === study.study_instance_uid ? sharedState.seriesInstanceUid : null;
  if (sharedSeries !== null && sharedSeries !== ownSeries) setOwnSeries(sharedSeries);
  const wanted = seriesInstanceUid ?? ownSeries;
  const series = study.series.find((each) => each.series_instance_uid === wanted) ?? firstSeries(study, findings);
  const opened = series?.series_instance_uid ?? null;
  const instances = series?.instances.length ?? 0;

  useEffect(() => {
    const report = latestPerFrame((cause: ChangeCause) => {
      const { onViewerChange, selectedFindingId: selected } = latest.current;
      const state = model.state(selected);
      if (state !== null) onViewerChange?.(state, cause);
    });
    model.attach(report);
    return () => {
      report.cancel();
      model.close();
    };
  }, [model]);
  useEffect(() => model.follow(sharedState), [model, sharedState]);
  useEffect(() => {
    const { study: now, findings: known, selectedFindingId: selected, start: from } = latest.current;
    const found = now.series.find((each) => each.series_instance_uid === opened);
    if (found === undefined) return;
    // More images of the series arrived: the planes stay where they are.
    const before = model.state(selected);
    const state = [before, from].find((each) => each?.seriesInstanceUid === opened) ?? null;
    // The finding, unless the reader has gone on to another slice.
    const finding = known.find(
      (each) => each.id === selected && each.series_instance_uid === opened && [undefined, each.sop_instance_uid].includes(state?.sopInstanceUid),
    );
    void model.open(now, found, state, finding === undefined ? null : centreOf(finding));
  }, [model, study.study_instance_uid, opened, instances]);

  useEffect(() => {
    if (fault !== null && openSeries !== null) onRefused(openSeries, faultText(fault, t));
  }, [fault, openSeries, onRefused, t]);

  // Selecting a finding brings the crosshair to it; when the selection was followed, so was the crosshair.
  useEffect(() => {
    const { findings: known, sharedState: followed } = latest.current;
    if (selectedFindingId === null || followed?.findingId === selectedFindingId) return;
    const finding = known.find((each) => each.id === selectedFindingId);
    const centre = finding === undefined ? null : centreOf(finding);
    if (finding === undefined || centre === null) return;
    if (model.snapshot.get().seriesInstanceUid === finding.series_instance_uid) {
      model.change((view, { grid }) => lookAt(view, grid, centre));
    } else setOwnSeries(finding.series_instance_uid);
  }, [model, selectedFindingId]);

  const stored = shown?.volume.stored ?? null;
  const storedWindows = shown?.volume.facts.storedWindows;
  const presets = useMemo(() => presetsFor(series?.modality ?? "", storedWindows ?? []), [series?.modality, storedWindows]);
  const applyPreset = useCallback(
    (key: string) => {
      const preset = presets.find((each) => each.key === key);
      const window = preset?.window ?? stored?.window;
      if (preset !== undefined && window !== undefined) model.change((view) => withWindow(view, window));
    },
    [model, presets, stored],
  );
  const toggleMarks = useCallback(() => setMarksShown((on) => !on), []);
  const toggleLarge = useCallback(() => setLarge((on) => !on), []);
  const reset = useCallback(
    () =>
      model.change((view, volume) => {
        const { crosshair, plane } = view;
        return { ...opening(volume, null, crosshair), plane };
      }),
    [model],
  );
  useMprKeys(model, { setTool, toggleMarks, toggleLarge, applyPreset, reset });

  const onOpen = (uid: string) => {
    setOwnSeries(uid);
    props.onOpenSeries?.(uid);
  };
  const plane = shown?.view.plane ?? "axial";
  const grid = shown?.volume.grid ?? null;
  return (
    <section
      className={viewer.viewer}
      aria-label={t("viewer")}
      data-testid="study-viewer"
      data-layout="mpr"
      data-ready={shown !== null}
      data-study-instance-uid={study.study_instance_uid}
      data-series-instance-uid={openSeries ?? undefined}
      data-sop-instance-uid={shown === null ? undefined : pointerAt(shown.volume, shown.view.crosshair)?.sopInstanceUid}
      data-crosshair={shown?.view.crosshair.map((value) => value.toFixed(3)).join(" ")}
      data-plane={plane}
      data-zoom={shown?.view.zoom.toFixed(3)}
      data-window-center={shown === null ? undefined : Math.round(shown.view.window.center)}
      data-window-width={shown === null ? undefined : Math.round(shown.view.window.width)}
    >
      <MprToolbar
        model={model}
        view={shown?.view ?? null}
        layoutChoice={props.layoutChoice}
        tool={tool}
        onTool={setTool}
        presets={presets}
        stored={stored?.window ?? null}
        onPreset={applyPreset}
        ai={{
          marksShown,
          onToggleMarks: toggleMarks,
          shownCount: marked.length,
          findingCount: findings.length,
          readerFirst,
        }}
        isLarge={isLarge}
        onLarge={toggleLarge}
        onReset={reset}
      />
      <div className={viewer.body}>
        {seriesInstanceUid === null && study.series.length > 1 && (
          <SeriesStrip study={study} findings={findings} current={openSeries} onOpen={onOpen} />
        )}
        <div className={`${viewer.stage} ${classes.stage}`}>
          {shown !== null && openSeries !== null && (
            <div className={classes.planes} data-large={isLarge || undefined}>
              {PLANES.map((name) => (
                <PlaneView
                  key={name}
                  name={name}
                  study={study}
                  seriesInstanceUid={openSeries}
                  model={model}
                  volume={shown.volume}
                  view={shown.view}
                  tool={tool}
                  findings={marksShown ? marked : null}
                  selectedFindingId={selectedFindingId}
                  onSelectFinding={props.onSelectFinding}
                  pointers={props.pointers ?? []}
                  onPoint={(place) => props.onPointer?.(place === null ? null : pointerAt(shown.volume, place))}
                />
              ))}
            </div>
          )}
          {shown === null && fault === null && <VolumeLoading loadedCount={loadedCount} count={count} />}
          <AiNote hides={readerFirst.hides} shown={marksShown ? marked.length : findings.length} count={findings.length} />
        </div>
        {shown !== null && grid !== null && (
          <SliceSlider
            index={indexOf(shown.view, grid, plane)}
            count={grid.size[sectionOf(grid, plane).through]}
            ticks={(marksShown ? marked : []).flatMap((finding) => {
              const centre = centreOf(finding);
              if (centre === null || finding.series_instance_uid !== openSeries) return [];
              return [{ finding, index: inReadingOrder(grid, plane, layerAt(grid, sectionOf(grid, plane), centre)) }];
            })}
            selectedId={selectedFindingId}
            onIndex={(index) => model.change((view) => atIndex(view, grid, plane, index))}
          />
        )}
      </div>
    </section>
  );
}
