/** The marks of people on the images: Cornerstone's tools for the hand, what they measure, and their undo.
 *
 * Cornerstone keeps annotations for the whole page, each with the image it was drawn on: they outlive a change of
 * series, and so do these.
 */
import { cache, eventTarget, type StackViewport } from "@cornerstonejs/core";
import {
  addTool,
  AngleTool,
  annotation,
  ArrowAnnotateTool,
  BidirectionalTool,
  cancelActiveManipulations,
  EllipticalROITool,
  Enums as ToolEnums,
  LengthTool,
  MagnifyTool,
  ProbeTool,
  ToolGroupManager,
  utilities,
  type Types as ToolTypes,
} from "@cornerstonejs/tools";

import { i18n } from "../app/i18n";
import type { Point } from "./geometry";
import { historyFrom, record, redone, undone, type History } from "./history";
import { calibrationOf, pixelOf, valueAt, valueUnitOf } from "./imageFacts";
import { linesOf, measure, MEASUREMENT_KINDS, type Measured, type MeasurementKind } from "./measuring";
import { Store } from "./store";

type Annotation = ToolTypes.Annotation;

export interface Measurement {
  uid: string;
  kind: MeasurementKind;
  imageId: string;
  /** The user's own name for it; "" where there is none. */
  label: string;
  /** In image pixels; none where the image has not been in memory since it was drawn. */
  points: readonly Point[];
  /** Null until enough is drawn. */
  measured: Measured | null;
  /** Drawn to its end. */
  isFinal: boolean;
}

const HUMAN_MARK = "rgb(255, 220, 80)";
const TOOL_GROUP = "teleconsult";

const TOOLS = {
  length: LengthTool,
  bidirectional: BidirectionalTool,
  angle: AngleTool,
  ellipse: EllipticalROITool,
  probe: ProbeTool,
  arrow: ArrowAnnotateTool,
} as const satisfies Record<MeasurementKind, unknown>;

/** What Cornerstone does with the main button: draw, or hold a magnifying glass. */
export type HandTool = MeasurementKind | "magnify";
const MAGNIFIER = MagnifyTool.toolName as string;
/** Two and a half times as large as on a viewer 600 CSS pixels high. */
const MAGNIFY = { magnifySize: 6, magnifyWidth: 250, magnifyHeight: 250 };

/** All measurements of the page, the oldest first. */
export const measurements = new Store<readonly Measurement[]>([]);
export const steps = new Store({ canUndo: false, canRedo: false });

/** An arrow that waits for its text; `done` with "" takes a new arrow away again. */
export interface TextRequest {
  label: string;
  done: (label: string) => void;
}
export const textRequest = new Store<TextRequest | null>(null);

const kindOf = (each: Annotation) => MEASUREMENT_KINDS.find((kind) => TOOLS[kind].toolName === each.metadata?.toolName);
const own = () => annotation.state.getAllAnnotations().filter((each) => kindOf(each) !== undefined);
const redraw = () => utilities.triggerAnnotationRenderForToolGroupIds([TOOL_GROUP]);

interface Drawn {
  points: readonly Point[];
  measured: Measured | null;
}
const known = new WeakMap<ToolTypes.AnnotationData, Drawn & { at: string }>();

/** What was measured last stays known when the image has left the memory. */
function drawnOf(kind: MeasurementKind, data: ToolTypes.AnnotationData, imageId: string): Drawn {
  const world = data.handles?.points ?? [];
  const at = world.map((point) => point.join()).join(" ");
  const last = known.get(data);
  const image = cache.getImage(imageId);
  if (last?.at === at || image === undefined) return last ?? { points: [], measured: null };
  const points = world.map((point) => pixelOf(image, point));
  const measured = measure(kind, points, calibrationOf(imageId), {
    valueAt: (column, row) => valueAt(image, column, row),
    unit: valueUnitOf(imageId),
  });
  const drawn = { at, points, measured };
  known.set(data, drawn);
  return drawn;
}

function textOf(kind: MeasurementKind, data: ToolTypes.AnnotationData, targetId: string): string[] {
  const { measured } = drawnOf(kind, data, targetId.replace(/^imageId:/, ""));
  return measured === null ? [] : linesOf(measured, data.label ?? "", i18n.getFixedT(i18n.language, "viewer"));
}

interface Saved {
  uid: string;
  metadata: ToolTypes.AnnotationMetadata;
  data: ToolTypes.AnnotationData;
}

let history: History<readonly Saved[]> = historyFrom<readonly Saved[]>([]);
/** Begun, and not drawn to their end. */
const unfinished = new Set<string>();
let isRestoring = false;

/** Points without their order, which `alignEllipses` changes and nobody sees. */
const mark = ({ data }: Saved) =>
  JSON.stringify([data.label, data.handles?.points?.map((point) => Array.from(point).join()).sort()]);
const marks = (saved: readonly Saved[]) => saved.map((each) => each.uid + mark(each)).join();

function snapshot(): Saved[] {
  return own().flatMap(({ annotationUID: uid, metadata, data }) =>
    uid === undefined || metadata === undefined
      ? []
      : [{ uid, ...structuredClone({ metadata, data: { ...data, cachedStats: {} } }) }],
  );
}

function refresh(): void {
  measurements.set(
    own().flatMap((each) => {
      const { annotationUID: uid, data } = each;
      const kind = kindOf(each);
      const imageId = each.metadata?.referencedImageId;
      if (uid === undefined || kind === undefined || imageId === undefined) return [];
      const isFinal = !unfinished.has(uid);
      return [{ uid, kind, imageId, label: data.label ?? "", isFinal, ...drawnOf(kind, data, imageId) }];
    }),
  );
  steps.set({ canUndo: history.past.length > 0, canRedo: history.future.length > 0 });
}

/** One step of undo: what has changed since the last one, unless something is only half drawn. */
function commit(): void {
  if (unfinished.size > 0) return;
  const now = snapshot();
  if (marks(now) !== marks(history.present)) history = record(history, now);
  refresh();
}

function restore(wanted: readonly Saved[]): void {
  const kept = new Set(wanted.map(({ uid }) => uid));
  for (const { annotationUID: uid } of own()) {
    if (uid !== undefined && !kept.has(uid)) annotation.state.removeAnnotation(uid);
  }
  for (const each of wanted) {
    const { uid, metadata, data } = structuredClone(each);
    const present = annotation.state.getAnnotation(uid);
    if (present !== undefined) Object.assign(present.data, data);
    else {
      const again = { annotationUID: uid, metadata, data, invalidated: true, isLocked: false, isVisible: true };
      annotation.state.addAnnotation(again, metadata.FrameOfReferenceUID ?? "");
    }
  }
}

/** Go one step back or forward; returns the image on which something has changed, null where nothing has. */
function travel(next: History<readonly Saved[]>): string | null {
  if (next === history || unfinished.size > 0) return null;
  const before = new Map(history.present.map((each) => [each.uid, each]));
  const after = new Map(next.present.map((each) => [each.uid, each]));
  const changed = [...after.values(), ...before.values()].find(({ uid }) => {
    const [old, now] = [before.get(uid), after.get(uid)];
    return old === undefined || now === undefined || mark(old) !== mark(now);
  });
  history = next;
  isRestoring = true;
  restore(next.present);
  isRestoring = false;
  refresh();
  redraw();
  return changed?.metadata.referencedImageId ?? null;
}

export const undo = () => travel(undone(history));
export const redo = () => travel(redone(history));

/** Take measurements away, as one step. */
export function remove(uids: readonly string[]): void {
  for (const uid of uids) annotation.state.removeAnnotation(uid);
  commit();
  redraw();
}

export function rename(uid: string, label: string): void {
  const found = annotation.state.getAnnotation(uid);
  if (found === undefined) return;
  found.data.label = label;
  commit();
  redraw();
}

export const selected = (): string[] => annotation.selection.getAnnotationsSelected();

export function select(uid: string): void {
  annotation.selection.setAnnotationSelected(uid, true);
  redraw();
}

/** A measurement lies under the mouse: the drag that follows belongs to it. */
export const isOverMeasurement = () => own().some((each) => each.highlighted === true);

/** Give up what is half drawn. */
export function cancel(element: HTMLDivElement): void {
  cancelActiveManipulations(element);
  remove([...unfinished]);
}

const askForText = (label: string, done: (label: string) => void) =>
  textRequest.set({
    label,
    done: (text) => {
      textRequest.set(null);
      done(text);
      commit();
    },
  });

/** Register the tools, once for the page. */
export function addMeasurementTools(): void {
  for (const kind of MEASUREMENT_KINDS) addTool(TOOLS[kind]);
  addTool(MagnifyTool);
  const { style } = annotation.config;
  // Yellow and solid: nobody may take them for the cyan brackets of the AI.
  style.setDefaultToolStyles({
    ...style.getDefaultToolStyles(),
    global: {
      ...style.getDefaultToolStyles().global,
      color: HUMAN_MARK,
      colorHighlighted: HUMAN_MARK,
      colorSelected: HUMAN_MARK,
      lineWidth: "2",
      lineWidthSelected: "3",
      lineDash: "",
      shadow: true,
      textBoxColor: HUMAN_MARK,
      textBoxColorHighlighted: HUMAN_MARK,
      textBoxColorSelected: HUMAN_MARK,
      textBoxBackground: "rgba(6, 12, 16, 0.8)",
      textBoxFontFamily: '"Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif',
      textBoxFontSize: "13px",
    },
  });
  const on = (name: ToolEnums.Events, then: (uid: string) => void) =>
    eventTarget.addEventListener(name, (event: Event) => {
      const { detail } = event as CustomEvent<{ annotation: Annotation }>;
      if (!isRestoring && kindOf(detail.annotation) !== undefined) then(detail.annotation.annotationUID ?? "");
    });
  on(ToolEnums.Events.ANNOTATION_ADDED, (uid) => unfinished.add(uid));
  on(ToolEnums.Events.ANNOTATION_MODIFIED, refresh);
  const finish = (uid: string) => {
    unfinished.delete(uid);
    commit();
  };
  on(ToolEnums.Events.ANNOTATION_COMPLETED, finish);
  on(ToolEnums.Events.ANNOTATION_REMOVED, (uid) => {
    unfinished.delete(uid);
    refresh();
  });
  // The end of a drag that moved one: Cornerstone tells of every movement, and not of the last.
  window.addEventListener("pointerup", commit);
}

function toolGroup() {
  const existing = ToolGroupManager.getToolGroup(TOOL_GROUP);
  if (existing !== undefined) return existing;
  const group = ToolGroupManager.createToolGroup(TOOL_GROUP);
  if (group === undefined) throw new Error("Cornerstone made no tool group");
  for (const kind of MEASUREMENT_KINDS) {
    group.addTool(TOOLS[kind].toolName, {
      getTextLines: (data: ToolTypes.AnnotationData, targetId: string) => textOf(kind, data, targetId),
      ...(kind === "arrow" && {
        getTextCallback: (done: (label: string) => void) => askForText("", done),
        changeTextCallback: ({ data }: Annotation, _: unknown, done: (label: string) => void) =>
          askForText(data.label ?? "", (label) => done(label === "" ? (data.label ?? "") : label)),
      }),
    });
    group.setToolPassive(TOOLS[kind].toolName);
  }
  group.addTool(MAGNIFIER, MAGNIFY);
  return group;
}

export const joinTools = (viewportId: string, engineId: string) => toolGroup().addViewport(viewportId, engineId);
export const leaveTools = (viewportId: string, engineId: string) =>
  ToolGroupManager.getToolGroup(TOOL_GROUP)?.removeViewports(engineId, viewportId);

/** Give the main button to this tool; null: it only moves what stands. */
export function setTool(wanted: HandTool | null): void {
  const group = toolGroup();
  for (const kind of MEASUREMENT_KINDS) {
    if (kind !== wanted) group.setToolPassive(TOOLS[kind].toolName);
  }
  if (wanted !== "magnify") group.setToolDisabled(MAGNIFIER);
  if (wanted === null) return;
  group.setToolActive(wanted === "magnify" ? MAGNIFIER : TOOLS[wanted].toolName, {
    bindings: [{ mouseButton: ToolEnums.MouseBindings.Primary }, { numTouchPoints: 1 }],
  });
}

/** Name the ends of every ellipse's axes as they lie on the screen now.
 *
 * Cornerstone keeps them as top, bottom, left and right, and pulls a turned ellipse flat by them.
 */
export function alignEllipses(viewport: StackViewport): void {
  for (const { data, metadata } of own()) {
    const points = data.handles?.points;
    if (metadata?.toolName !== EllipticalROITool.toolName || points?.length !== 4) continue;
    const placed = points.map((point) => ({ point, at: viewport.worldToCanvas(point) }));
    const [first, ...rest] = placed.toSorted((a, b) => a.at[1] - b.at[1]);
    const last = rest.pop();
    const [left, right] = rest.toSorted((a, b) => a.at[0] - b.at[0]);
    if (!first || !last || !left || !right || data.handles === undefined) continue;
    data.handles.points = [first, last, left, right].map(({ point }) => point);
  }
}
