import {
  IconArrowsMove,
  IconArrowsVertical,
  IconContrast,
  IconContrast2,
  IconEye,
  IconEyeOff,
  IconListNumbers,
  IconRefresh,
  IconZoomIn,
  type Icon,
} from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { MeasureMenu } from "./MeasureMenu";
import { PresetChoice } from "./PresetChoice";
import type { Preset } from "./presets";
import { ToolButton } from "./ToolButton";
import { VIEWING_KEYS, type ViewingTool } from "./useViewerKeys";
import classes from "./viewer.module.css";

const ICONS: Readonly<Record<ViewingTool, Icon>> = {
  scroll: IconArrowsVertical,
  window: IconContrast,
  pan: IconArrowsMove,
  zoom: IconZoomIn,
};
const TOOLS = ["scroll", "window", "pan", "zoom"] as const;

export interface ViewerToolbarProps {
  stack: ImageStack;
  tool: DragTool;
  onTool: (tool: DragTool) => void;
  presets: readonly Preset[];
  onPreset: (key: string) => void;
  marksShown: boolean;
  onToggleMarks: () => void;
  measurementCount: number;
  listShown: boolean;
  onToggleList: () => void;
}

export function ViewerToolbar(props: ViewerToolbarProps) {
  const { stack, tool, onTool, presets, onPreset, marksShown, onToggleMarks } = props;
  const { t } = useTranslation("viewer");
  const { presentation, stored, slices } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const inverted = presentation !== null && presentation.invert !== (stored?.invert ?? false);
  return (
    <div className={classes.bar}>
      <div className={classes.toolbar} role="toolbar" aria-label={t("toolbar")}>
        <div className={classes.group}>
          {TOOLS.filter((each) => each !== "scroll" || slices.length > 1).map((each) => (
            <ToolButton
              key={each}
              label={t(`tool.${each}`)}
              shortcut={VIEWING_KEYS[each].toUpperCase()}
              icon={ICONS[each]}
              pressed={tool === each}
              onPress={() => onTool(each)}
            />
          ))}
          <MeasureMenu tool={tool} onTool={onTool} />
          <ToolButton
            label={t("measurements.title")}
            icon={IconListNumbers}
            pressed={props.listShown}
            count={props.measurementCount}
            onPress={props.onToggleList}
          />
        </div>
        {presets.length > 1 && (
          <PresetChoice
            presets={presets}
            shown={presentation?.window ?? null}
            stored={stored?.window ?? null}
            onPreset={onPreset}
          />
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
    </div>
  );
}
