/** One picture beside others: an image stack with its gestures, AI marks and texts. */
import { useEffect, useMemo, useRef, useSyncExternalStore, type ReactNode } from "react";

import type { Finding, Series, StudyDetail } from "../api/types";
import { BoxEditor } from "./BoxEditor";
import { CornerTexts } from "./CornerTexts";
import { FindingMarks } from "./FindingMarks";
import { marksOn } from "./findingOnSlice";
import { followGestures, type DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { PointerMarks, type NamedPointer } from "./PointerMarks";
import { SharedMarks } from "./SharedMarks";
import type { ChangeCause } from "./stackSnapshot";
import classes from "./viewer.module.css";
import { latestPerFrame, type Pointer } from "./viewerState";
import { LoadFailure, LoadingImage } from "./viewerStates";

export interface StackPaneProps {
  stack: ImageStack;
  study: StudyDetail;
  series: Series | null;
  tool: DragTool;
  /** What is to be marked; empty where marks are off. */
  findings: readonly Finding[];
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  onChange: (cause: ChangeCause) => void;
  /** On the picture; null: the texts of a stack. */
  texts?: ReactNode;
  pointers?: readonly NamedPointer[];
  onPointer?: ((pointer: Pointer | null) => void) | undefined;
  children?: ReactNode;
}

export function StackPane(props: StackPaneProps) {
  const { stack, study, series, tool, findings, selectedFindingId, onSelectFinding, pointers = [] } = props;
  const { shown, slices, transform, wantedIndex, fault } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    const host = element.current;
    if (host === null) return undefined;
    const report = latestPerFrame((cause: ChangeCause) => latest.current.onChange(cause));
    const point = latestPerFrame((at: readonly [number, number] | null) => {
      stack.pointAt(at);
      const on = at === null ? null : stack.imagePoint(at);
      const slice = stack.snapshot.get().shown;
      latest.current.onPointer?.(
        on === null || slice === null ? null : { sopInstanceUid: slice.sopInstanceUid, frame: slice.frame, x: on[0], y: on[1] },
      );
    });
    const ignoreGestures = followGestures(host, stack, () => latest.current.tool, point);
    void stack.attach(host, report);
    return () => {
      ignoreGestures();
      report.cancel();
      point.cancel();
      stack.detach();
    };
  }, [stack]);

  const marks = useMemo(() => {
    if (shown === null) return [];
    // A picture may hold images of several series: a finding is drawn on the image that it names.
    const own = findings.find(({ sop_instance_uid: uid }) => uid === shown.sopInstanceUid)?.series_instance_uid;
    return marksOn(findings, { ...shown, seriesInstanceUid: own ?? shown.seriesInstanceUid });
  }, [findings, shown]);
  const isWaiting = fault === null && shown?.index !== wantedIndex;
  return (
    <div className={classes.stage} data-ready={shown !== null && !isWaiting && fault === null} data-sop-instance-uid={shown?.sopInstanceUid}>
      <div ref={element} className={classes.canvas} data-tool={tool} />
      {shown !== null && transform !== null && (
        <svg className={classes.overlay}>
          <FindingMarks marks={marks} transform={transform} selectedId={selectedFindingId} onSelect={onSelectFinding} />
          <PointerMarks pointers={pointers} shown={shown} transform={transform} />
          <SharedMarks shown={shown} transform={transform} />
        </svg>
      )}
      <BoxEditor stack={stack} />
      {props.texts ?? <CornerTexts study={study} series={series} stack={stack} />}
      {props.children}
      {isWaiting && <LoadingImage first={shown === null} empty={slices.length === 0} />}
      {fault !== null && <LoadFailure fault={fault} onRetry={() => stack.retry()} />}
    </div>
  );
}
