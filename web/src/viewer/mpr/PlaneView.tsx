/** One plane: its picture, the lines where the others cut it, findings and pointers on it. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Finding, StudyDetail } from "../../api/types";
import { FindingMarks } from "../FindingMarks";
import { toImage, type Point } from "../geometry";
import { followGestures, type PlaneTool } from "../gestures";
import { digits } from "../measuring";
import { lettersFromCosines, lettersOnCanvas, type Vector } from "../orientation";
import { EdgeText, PatientText } from "../PictureTexts";
import { PointerMarks, type NamedPointer } from "../PointerMarks";
import viewer from "../viewer.module.css";
import { latestPerFrame } from "../viewerState";
import { CrossLines } from "./CrossLines";
import { movablePlane, placeUnder } from "./movablePlane";
import classes from "./mpr.module.css";
import type { MprModel } from "./mprModel";
import { placeOfPointer, type MprView } from "./mprView";
import { marksOnPlane } from "./planeMarks";
import { drawPlane } from "./drawPlane";
import { reslice } from "./reslice";
import { ScaleBar } from "./ScaleBar";
import { layerAt, layersOf, pixelsPerMm, planeOf, pointOf, sectionOf, sizeOf, transformOf, type PlaneName } from "./section";
import { SlabChoice } from "./SlabChoice";
import type { Volume } from "./volume";

export interface PlaneViewProps {
  name: PlaneName;
  study: StudyDetail;
  seriesInstanceUid: string;
  model: MprModel;
  volume: Volume;
  view: MprView;
  tool: PlaneTool;
  /** Null: marks are switched off. */
  findings: readonly Finding[] | null;
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
  pointers: readonly NamedPointer[];
  onPoint: (place: Vector | null) => void;
}

/** A position as radiographers write it: "H 12.0 mm" is 12 mm towards the head. */
function positionText(name: PlaneName, [x, y, z]: Vector): string {
  const [value, letters] = { axial: [z, "FH"], coronal: [y, "AP"], sagittal: [x, "RL"] }[name] as [number, string];
  return `${letters.charAt(value < 0 ? 0 : 1)} ${Math.abs(value).toFixed(1)} mm`;
}

export function PlaneView(props: PlaneViewProps) {
  const { name, study, seriesInstanceUid, model, volume, view, tool, findings, selectedFindingId, pointers } = props;
  const { t } = useTranslation("viewer");
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [canvasSize, setCanvasSize] = useState({ width: 0, height: 0 });
  const [hover, setHover] = useState<Point | null>(null);
  const latest = useRef({ tool, onPoint: props.onPoint });
  useEffect(() => {
    latest.current = { tool, onPoint: props.onPoint };
  });

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const point = latestPerFrame((at: Point | null) => {
      const { shown } = model.snapshot.get();
      setHover(at);
      latest.current.onPoint(at === null || shown === null ? null : placeUnder(element, name, shown, at));
    });
    const ignore = followGestures(element, movablePlane(model, name, element), () => latest.current.tool, point);
    const activate = () => model.change((now) => (now.plane === name ? now : { ...now, plane: name }));
    element.addEventListener("pointerdown", activate);
    const observer = new ResizeObserver(() => setCanvasSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => {
      ignore();
      point.cancel();
      element.removeEventListener("pointerdown", activate);
      observer.disconnect();
    };
  }, [model, name]);

  const { grid } = volume;
  const slab = view.slabs[name];
  const section = useMemo(() => sectionOf(grid, name), [grid, name]);
  const size = sizeOf(grid, section);
  const layer = layerAt(grid, section, view.crosshair);
  const layers = useMemo(() => layersOf(grid, section, layer, slab.thicknessMm), [grid, section, layer, slab.thicknessMm]);
  const isSeen = canvasSize.width > 0 && canvasSize.height > 0;
  const values = useMemo(
    () => (isSeen ? reslice(volume.slices, grid, section.through, layers, slab.projection) : null),
    [isSeen, volume, grid, section, layers, slab.projection],
  );
  const transform = useMemo(
    () => transformOf(grid, section, canvasSize, view.centre, view.zoom),
    [grid, section, canvasSize, view.centre, view.zoom],
  );
  useLayoutEffect(() => {
    if (canvas.current === null || values === null) return;
    drawPlane(canvas.current, values, size, view.window, view.invert, transform);
  }, [values, size, view.window, view.invert, transform]);

  const plane = planeOf(grid, section, layer);
  const reachMm = Math.max(slab.thicknessMm, grid.spacing[section.through]) / 2;
  const marks = findings === null ? [] : marksOnPlane(findings, seriesInstanceUid, plane, reachMm);
  const named = pointers.flatMap((each) => {
    const place = placeOfPointer(volume, each.pointer);
    if (place === null || Math.abs(layerAt(grid, section, place) - layer) * grid.spacing[section.through] > reachMm) return [];
    const [x, y] = pointOf(grid, section, place);
    return [{ ...each, pointer: { ...each.pointer, x, y } }];
  });
  const hovered = hover === null ? null : toImage(transform, hover);
  const value = hovered === null || values === null ? null : valueIn(values, size, hovered);
  const unit = volume.facts.valueUnit;
  return (
    <div
      className={classes.plane}
      role="group"
      aria-label={t(`mpr.plane.${name}`)}
      data-plane={name}
      data-active={view.plane === name || undefined}
      data-layer={layer}
      data-layers={layers.join("-")}
      data-image-to-canvas={[transform.origin, transform.column, transform.row].flat().join(" ")}
    >
      <div ref={host} className={viewer.canvas} data-tool={tool}>
        <canvas ref={canvas} className={classes.picture} />
      </div>
      <svg className={viewer.overlay} aria-hidden={findings === null}>
        <CrossLines grid={grid} section={section} view={view} transform={transform} canvas={canvasSize} />
        <FindingMarks marks={marks} transform={transform} selectedId={selectedFindingId} onSelect={props.onSelectFinding} />
        {named.map((each) => (
          <PointerMarks key={each.participantId} pointers={[each]} shown={each.pointer} transform={transform} />
        ))}
      </svg>
      <div className={viewer.texts}>
        <div className={viewer.topLeft}>
          <div className={classes.name}>{t(`mpr.plane.${name}`)}</div>
          <PatientText study={study} />
        </div>
        <div className={viewer.bottomLeft}>
          {value !== null && <div data-testid="hover-value">{unit === null ? t("pixelValue", { value: digits(value) }) : `${digits(value)} ${unit}`}</div>}
          <div>{t("window", { width: Math.round(view.window.width), center: Math.round(view.window.center) })}</div>
          <div className={viewer.faint}>{t("zoom", { percent: Math.round(view.zoom * 100) })}</div>
        </div>
        <div className={viewer.bottomRight}>
          <ScaleBar pixelsPerMm={pixelsPerMm(grid, section, transform)} width={canvasSize.width} />
          <div className={viewer.strong}>{positionText(name, view.crosshair)}</div>
        </div>
        <EdgeText letters={lettersOnCanvas(lettersFromCosines(plane.row, plane.column), transform)} />
      </div>
      <SlabChoice name={name} slab={slab} model={model} />
    </div>
  );
}

/** The value of the nearest pixel that is shown; null beside the image. */
function valueIn(values: Float32Array, { width, height }: { width: number; height: number }, [x, y]: Point): number | null {
  const [column, row] = [Math.round(x), Math.round(y)];
  return column < 0 || row < 0 || column >= width || row >= height ? null : (values[row * width + column] ?? null);
}
