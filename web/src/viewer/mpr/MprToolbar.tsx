import {
  IconArrowsMove,
  IconArrowsVertical,
  IconContrast,
  IconContrast2,
  IconCrosshair,
  IconMaximize,
  IconRefresh,
  IconZoomIn,
  type Icon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { AiMenu, type AiMenuProps } from "../AiMenu";
import type { PlaneTool } from "../gestures";
import { PresetChoice } from "../PresetChoice";
import type { Preset } from "../presets";
import { ToolButton } from "../ToolButton";
import viewer from "../viewer.module.css";
import type { Window } from "../viewerState";
import classes from "./mpr.module.css";
import type { MprModel } from "./mprModel";
import type { MprView } from "./mprView";
import { PLANES } from "./section";
import { PLANE_KEYS, PLANE_TOOL_KEYS } from "./useMprKeys";

const ICONS: Readonly<Record<PlaneTool, Icon>> = {
  crosshair: IconCrosshair,
  scroll: IconArrowsVertical,
  window: IconContrast,
  pan: IconArrowsMove,
  zoom: IconZoomIn,
};
const TOOLS = Object.keys(ICONS) as PlaneTool[];
/** What two fingers do as well: left out where there is little room. */
const BY_FINGERS: readonly PlaneTool[] = ["pan", "zoom"];

export interface MprToolbarProps {
  model: MprModel;
  view: MprView | null;
  layoutChoice: ReactNode;
  tool: PlaneTool;
  onTool: (tool: PlaneTool) => void;
  presets: readonly Preset[];
  stored: Window | null;
  onPreset: (key: string) => void;
  ai: AiMenuProps;
  isLarge: boolean;
  onLarge: () => void;
  onReset: () => void;
}

export function MprToolbar(props: MprToolbarProps) {
  const { model, view, tool, onTool } = props;
  const { t } = useTranslation("viewer");
  return (
    <div className={viewer.bar}>
      <div className={viewer.toolbar} role="toolbar" aria-label={t("toolbar")}>
        {props.layoutChoice}
        <div className={viewer.group}>
          {TOOLS.map((each) => (
            <ToolButton
              key={each}
              label={t(`tool.${each}`)}
              shortcut={PLANE_TOOL_KEYS[each].toUpperCase()}
              icon={ICONS[each]}
              pressed={tool === each}
              className={BY_FINGERS.includes(each) ? viewer.roomyOnly : undefined}
              onPress={() => onTool(each)}
            />
          ))}
        </div>
        <PresetChoice presets={props.presets} shown={view?.window ?? null} stored={props.stored} onPreset={props.onPreset} />
        <div className={`${viewer.group} ${classes.planeChoice}`} role="group" aria-label={t("mpr.planes")}>
          {PLANES.map((name) => (
            <button
              key={name}
              type="button"
              className={viewer.preset}
              aria-pressed={view?.plane === name}
              aria-keyshortcuts={PLANE_KEYS[name]}
              title={PLANE_KEYS[name]}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => model.change((now) => ({ ...now, plane: name }))}
            >
              {t(`mpr.plane.${name}`)}
            </button>
          ))}
        </div>
        <div className={viewer.group}>
          <ToolButton
            label={t("mpr.large")}
            shortcut="G"
            icon={IconMaximize}
            pressed={props.isLarge}
            className={classes.roomy}
            onPress={props.onLarge}
          />
          <ToolButton
            label={t("invert")}
            shortcut="I"
            icon={IconContrast2}
            pressed={view?.invert ?? false}
            onPress={() => model.change((now) => ({ ...now, invert: !now.invert }))}
          />
          <AiMenu {...props.ai} />
          <ToolButton label={t("reset")} shortcut="F" icon={IconRefresh} onPress={props.onReset} />
        </div>
      </div>
    </div>
  );
}
