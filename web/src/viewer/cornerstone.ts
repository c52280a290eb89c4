/** Starts Cornerstone3D once for the page, and owns the one annotation tool in use. */
import { getConfiguration, init as startCore, type Types } from "@cornerstonejs/core";
import { init as startLoader } from "@cornerstonejs/dicom-image-loader";
import {
  addTool,
  annotation,
  Enums as ToolEnums,
  init as startTools,
  LengthTool,
  ToolGroupManager,
} from "@cornerstonejs/tools";

import { i18n } from "../app/i18n";
import { spacingBasisOf } from "./imageFacts";

/** Decoding competes with the call for the processor: two workers keep a laptop responsive. */
const DECODING_WORKERS = 2;
const HUMAN_MARK = "rgb(255, 220, 80)";
const TOOL_GROUP = "teleconsult";

let started: Promise<void> | null = null;

/** Ready to make viewports. A second call waits for the first. */
export function startCornerstone(): Promise<void> {
  started ??= (async () => {
    const defaults = getConfiguration();
    // One picture is on screen at a time: one drawing context is enough, and a thin laptop keeps its memory.
    startCore({ ...defaults, rendering: { ...defaults.rendering, webGlContextCount: 1 } });
    startLoader({ maxWebWorkers: DECODING_WORKERS });
    await Promise.resolve(startTools());
    addTool(LengthTool);
    // Human marks are yellow and solid: nobody may take them for the cyan brackets of the AI.
    annotation.config.style.setDefaultToolStyles({
      ...annotation.config.style.getDefaultToolStyles(),
      global: {
        ...annotation.config.style.getDefaultToolStyles().global,
        color: HUMAN_MARK,
        colorHighlighted: HUMAN_MARK,
        colorSelected: HUMAN_MARK,
        lineWidth: "2",
        shadow: true,
        textBoxColor: HUMAN_MARK,
        textBoxColorHighlighted: HUMAN_MARK,
        textBoxColorSelected: HUMAN_MARK,
        textBoxBackground: "rgba(6, 12, 16, 0.8)",
        textBoxFontFamily: '"Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif',
        textBoxFontSize: "13px",
      },
    });
  })();
  return started;
}

interface LengthData {
  cachedStats: Record<string, { length?: number; unit?: string } | undefined>;
}

/** A length with its unit and what it rests on. */
function lengthText(data: LengthData, targetId: string): string[] {
  const length = data.cachedStats[targetId]?.length;
  if (length === undefined || Number.isNaN(length)) return [];
  const basis = spacingBasisOf(targetId.replace(/^imageId:/, ""));
  if (basis === "uncalibrated") return [i18n.t("viewer:length.uncalibrated", { length: Math.round(length) })];
  const words = { length: length.toFixed(1) };
  return [
    basis === "pixel-spacing" ? i18n.t("viewer:length.calibrated", words) : i18n.t("viewer:length.detector", words),
  ];
}

function toolGroup() {
  const existing = ToolGroupManager.getToolGroup(TOOL_GROUP);
  if (existing !== undefined) return existing;
  const group = ToolGroupManager.createToolGroup(TOOL_GROUP);
  if (group === undefined) throw new Error("Cornerstone made no tool group");
  group.addTool(LengthTool.toolName, { getTextLines: lengthText });
  group.setToolPassive(LengthTool.toolName);
  return group;
}

export const joinTools = (viewportId: string, engineId: string) => toolGroup().addViewport(viewportId, engineId);
export const leaveTools = (viewportId: string, engineId: string) =>
  ToolGroupManager.getToolGroup(TOOL_GROUP)?.removeViewports(engineId, viewportId);

/** Let the main button draw lengths, or only move the ends of those that stand. */
export function setMeasuring(on: boolean): void {
  const group = toolGroup();
  if (!on) {
    group.setToolPassive(LengthTool.toolName);
    return;
  }
  group.setToolActive(LengthTool.toolName, {
    bindings: [{ mouseButton: ToolEnums.MouseBindings.Primary }, { numTouchPoints: 1 }],
  });
}

/** A measurement lies under the mouse: the drag that follows belongs to it. */
export const isOverMeasurement = () =>
  annotation.state.getAllAnnotations().some((each) => each.highlighted === true);

export function removeMeasurements(element: HTMLDivElement): void {
  annotation.state.removeAnnotations(LengthTool.toolName, element);
}

/** The value of one pixel in the image's own unit (HU for a CT); null for a colour image. */
export function valueAt(image: Types.IImage, column: number, row: number): number | null {
  if (image.color) return null;
  const stored = image.getPixelData()[row * image.columns + column];
  if (stored === undefined) return null;
  return image.preScale?.scaled === true ? stored : stored * image.slope + image.intercept;
}
