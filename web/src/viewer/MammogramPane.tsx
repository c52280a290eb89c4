/** One view of a mammography examination: an image as it hangs, its name, and what is unusual about it. */
import { ActionIcon } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Finding, StudyDetail } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatPersonName } from "../ui/format";
import { UPRIGHT, type Point, type Turn } from "./geometry";
import type { DragTool } from "./gestures";
import { placeIn, sideOf, turnFor, viewIn, type BreastView, type Hung, type Mammogram, type PaneName } from "./hanging";
import type { ImageStack } from "./imageStack";
import classes from "./mammography.module.css";
import { lettersOnCanvas } from "./orientation";
import type { NamedPointer } from "./PointerMarks";
import { StackPane } from "./StackPane";
import type { ChangeCause } from "./stackSnapshot";
import type { Pointer } from "./viewerState";

export interface MammogramPaneProps {
  name: PaneName;
  stack: ImageStack;
  study: StudyDetail;
  /** Of this view, the first to show first. */
  images: readonly Mammogram[];
  image: Mammogram | null;
  onImage: (sopInstanceUid: string) => void;
  isPrior: boolean;
  /** PRIOR or CURRENT, and how long before; null where no prior is on screen. */
  role: { name: string; interval: string | null } | null;
  isActive: boolean;
  fitting: number;
  view: BreastView;
  /** As somebody who is followed has turned this picture; null where nobody has. */
  followedTurn?: Turn | null;
  tool: DragTool;
  findings: readonly Finding[];
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  onActive: () => void;
  /** What the reader made of the picture; "reset" and "load" ask for it as it hangs. */
  onChange: (cause: ChangeCause, seen: BreastView | null) => void;
  pointers: readonly NamedPointer[];
  onPointer?: ((pointer: Pointer | null) => void) | undefined;
}

function Texts({ props }: { props: MammogramPaneProps }) {
  const { name, stack, study, images, image, role } = props;
  const { t } = useTranslation("viewer");
  const language = useLanguage();
  const { shown, presentation, transform } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  if (image === null) return null;
  const index = images.findIndex((each) => each.sopInstanceUid === image.sopInstanceUid);
  const step = (by: number) => {
    const next = images[(index + by + images.length) % images.length];
    if (next !== undefined) props.onImage(next.sopInstanceUid);
  };
  const letters = shown === null || shown.facts.letters === null || transform === null ? null : lettersOnCanvas(shown.facts.letters, transform);
  const notes = [
    image.kind === "plain" ? null : t(`mammography.kind.${image.kind}`),
    presentation?.turn.flip ? t("turned.mirrored") : null,
    presentation !== null && presentation.turn.rotation !== 0 ? t("turned.rotated", { degrees: presentation.turn.rotation }) : null,
    image.orientation.length === 0 ? t("mammography.noOrientation") : null,
    image.spacing === null ? t("mammography.noScale") : null,
  ].filter((note) => note !== null);
  return (
    <div className={classes.texts} data-side={sideOf(name)}>
      {role !== null && (
        <strong className={classes.chip} data-of={props.isPrior ? "prior" : "current"}>
          {role.name}
        </strong>
      )}
      {role?.interval != null && <div className={classes.note}>{role.interval}</div>}
      <div className={classes.view}>{[image.side, image.view].filter(Boolean).join(" ") || t("mammography.unnamed")}</div>
      <div>{formatPersonName(study.patient.name, language)}</div>
      <div className={classes.whose}>
        <span>{study.patient.patient_id}</span>
        {study.study_date !== null && <span>{formatDate(study.study_date)}</span>}
      </div>
      {notes.map((note) => (
        <div key={note} className={classes.note}>{note}</div>
      ))}
      {images.length > 1 && index >= 0 && (
        <div className={classes.steps}>
          <ActionIcon size="sm" variant="default" aria-label={t("mammography.previousImage")} onClick={() => step(-1)}>
            <IconChevronLeft size={14} aria-hidden />
          </ActionIcon>
          <span>{t("mammography.imageOf", { index: index + 1, count: images.length })}</span>
          <ActionIcon size="sm" variant="default" aria-label={t("mammography.nextImage")} onClick={() => step(1)}>
            <IconChevronRight size={14} aria-hidden />
          </ActionIcon>
        </div>
      )}
      {presentation !== null && (
        <div className={classes.window}>
          {t("window", { width: Math.round(presentation.window.width), center: Math.round(presentation.window.center) })}
        </div>
      )}
      {letters !== null && (
        <>
          <span className={classes.outer}>{sideOf(name) === "R" ? letters.left : letters.right}</span>
          <span className={classes.top}>{letters.top}</span>
        </>
      )}
    </div>
  );
}

export function MammogramPane(props: MammogramPaneProps) {
  const { name, stack, study, image, fitting, view, followedTurn = null } = props;
  const { t } = useTranslation("viewer");
  // Measured a frame after the picture itself has taken its new size.
  const { ref, width, height } = useElementSize();
  const series = useMemo(
    () => study.series.find((each) => each.series_instance_uid === image?.seriesInstanceUid) ?? null,
    [study.series, image],
  );
  useEffect(() => {
    const instance = series?.instances.find((each) => each.sop_instance_uid === image?.sopInstanceUid);
    if (series === null || instance === undefined) return;
    // One image and no others: the next one of the series is another view.
    const alone = { ...series, instances: [instance] };
    if (!stack.holds(study, alone)) stack.open(study, alone, instance.sop_instance_uid, null, "load");
  }, [stack, study, series, image]);

  /** As the image's header asks, until the reader turns it. */
  const turn = useRef<Turn>(UPRIGHT);
  const laid = useRef<Point>([0, 0]);
  const hung = (): Hung | null => (image === null ? null : { image, side: sideOf(name), turn: turn.current });
  const lay = () => {
    const one = hung();
    if (one === null || width <= 0 || height <= 0) return;
    const { pixelsPerColumn, panX, panY } = placeIn({ width, height }, one, view, fitting);
    laid.current = [panX, panY];
    stack.adopt((before, transform) => ({
      ...before,
      turn: one.turn,
      view: { zoom: (before.view.zoom * pixelsPerColumn) / Math.hypot(...transform.column), panX, panY },
    }));
  };
  const seen = (): BreastView | null => {
    const now = stack.seen();
    if (now === null) return null;
    if (now.shown.turn.rotation !== turn.current.rotation || now.shown.turn.flip !== turn.current.flip) {
      // A turned picture hangs where it hung; the others stay where they are.
      turn.current = now.shown.turn;
      lay();
      return view;
    }
    const one = hung();
    const { panX, panY } = now.shown.view;
    if (one === null) return null;
    const found = viewIn(one, { pixelsPerColumn: Math.hypot(...now.transform.column), panX, panY }, fitting);
    // The middle of a pane is beside the breast: who only enlarges keeps the chest wall where it is.
    const isMoved = Math.hypot(panX - laid.current[0], panY - laid.current[1]) > 0.5;
    return !isMoved && view.depthMm === null ? { ...found, depthMm: null } : found;
  };
  const onChange = (cause: ChangeCause) => {
    if (cause === "load" || cause === "reset") {
      const asked = (image === null ? null : turnFor(name, image.orientation)) ?? UPRIGHT;
      turn.current = (cause === "load" ? followedTurn : null) ?? asked;
      lay();
    }
    props.onChange(cause, cause === "user" ? seen() : null);
  };
  const latest = useRef({ lay });
  useEffect(() => {
    latest.current = { lay };
  });
  const rotation = followedTurn?.rotation;
  const flip = followedTurn?.flip;
  useEffect(() => {
    if (rotation !== undefined && flip !== undefined) turn.current = { rotation, flip };
  }, [rotation, flip]);
  useEffect(() => latest.current.lay(), [view, fitting, width, height, rotation, flip]);

  if (image === null) {
    return (
      <div className={classes.missing} data-pane={name} data-side={sideOf(name)}>
        {t("mammography.missing", { view: name.replace("-", " ") })}
      </div>
    );
  }
  return (
    <div
      ref={ref}
      className={classes.pane}
      data-pane={props.isPrior ? `prior-${name}` : name}
      data-active={props.isActive || undefined}
      onPointerDownCapture={props.onActive}
    >
      <StackPane
        stack={stack}
        study={study}
        series={series}
        tool={props.tool}
        findings={props.findings}
        selectedFindingId={props.selectedFindingId}
        onSelectFinding={props.onSelectFinding}
        onChange={onChange}
        texts={<Texts props={props} />}
        pointers={props.pointers}
        onPointer={props.onPointer}
      />
    </div>
  );
}
