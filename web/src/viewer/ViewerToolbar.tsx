import { ActionIcon, Tooltip } from "@mantine/core";
import {
  IconArrowsMove,
  IconArrowsVertical,
  IconContrast,
  IconContrast2,
  IconEye,
  IconEyeOff,
  IconRefresh,
  IconRulerMeasure,
  IconTrash,
  IconZoomIn,
  type Icon,
} from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { isPresetShown, type Preset } from "./presets";
import { usePresetName } from "./usePresetName";
import classes from "./viewer.module.css";

const TOOLS: readonly { tool: DragTool; key: string; icon: Icon }[] = [
  { tool: "scroll", key: "S", icon: IconArrowsVertical },
  { tool: "window", key: "W", icon: IconContrast },
  { tool: "pan", key: "P", icon: IconArrowsMove },
  { tool: "zoom", key: "Z", icon: IconZoomIn },
  { tool: "length", key: "L", icon: IconRulerMeasure },
];

interface ToolButtonProps {
  label: string;
  shortcut: string;
  icon: Icon;
  pressed?: boolean;
  onPress: () => void;
}

function ToolButton({ label, shortcut, icon: Symbol, pressed, onPress }: ToolButtonProps) {
  return (
    <Tooltip label={`${label} (${shortcut})`}>
      <ActionIcon
        className={classes.tool}
        variant="subtle"
        color="gray"
        aria-label={label}
        aria-pressed={pressed}
        aria-keyshortcuts={shortcut}
        onClick={onPress}
      >
        <Symbol size={19} stroke={1.7} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

export interface ViewerToolbarProps {
  stack: ImageStack;
  tool: DragTool;
  onTool: (tool: DragTool) => void;
  presets: readonly Preset[];
  onPreset: (key: string) => void;
  marksShown: boolean;
  onToggleMarks: () => void;
}

export function ViewerToolbar(props: ViewerToolbarProps) {
  const { stack, tool, onTool, presets, onPreset, marksShown, onToggleMarks } = props;
  const { t } = useTranslation("viewer");
  const presetName = usePresetName();
  const { presentation, stored, slices } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const inverted = presentation !== null && presentation.invert !== (stored?.invert ?? false);
  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t("toolbar")}>
      <div className={classes.group}>
        {TOOLS.filter((each) => each.tool !== "scroll" || slices.length > 1).map((each) => (
          <ToolButton
            key={each.tool}
            label={t(`tool.${each.tool}`)}
            shortcut={each.key}
            icon={each.icon}
            pressed={tool === each.tool}
            onPress={() => onTool(each.tool)}
          />
        ))}
        <ToolButton
          label={t("tool.clear")}
          shortcut="Delete"
          icon={IconTrash}
          onPress={() => stack.clearMeasurements()}
        />
      </div>
      {presets.length > 1 && (
        <div className={classes.group} role="group" aria-label={t("presets")}>
          {presets.map((preset) => (
            <button
              key={preset.key}
              type="button"
              className={classes.preset}
              aria-pressed={isPresetShown(preset, presentation?.window ?? null, stored?.window ?? null)}
              aria-keyshortcuts={preset.key}
              title={preset.key}
              onClick={() => onPreset(preset.key)}
            >
              {presetName(preset)}
            </button>
          ))}
        </div>
      )}
      <div className={classes.group}>
        <ToolButton
          label={t("invert")}
          shortcut="I"
          icon={IconContrast2}
          pressed={inverted}
          onPress={() => stack.setInvert(!(presentation?.invert ?? false))}
        />
        <ToolButton
          label={t("marks")}
          shortcut="H"
          icon={marksShown ? IconEye : IconEyeOff}
          pressed={marksShown}
          onPress={onToggleMarks}
        />
        <ToolButton label={t("reset")} shortcut="F" icon={IconRefresh} onPress={() => stack.reset()} />
      </div>
    </div>
  );
}
