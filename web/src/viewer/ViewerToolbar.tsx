import {
  IconArrowsMove,
  IconArrowsVertical,
  IconContrast,
  IconContrast2,
  IconListNumbers,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconZoomIn,
  type Icon,
} from "@tabler/icons-react";
import { useSyncExternalStore, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { KeyImageButtons, type KeyImageButtonsProps } from "../keyImages/KeyImageButtons";
import { AiMenu, type AiMenuProps } from "./AiMenu";
import type { Cine } from "./cine";
import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { MeasureMenu } from "./MeasureMenu";
import { PresetChoice } from "./PresetChoice";
import type { Preset } from "./presets";
import { ToolButton } from "./ToolButton";
import { VIEWING_KEYS } from "./useViewerKeys";
import { ViewMenu } from "./ViewMenu";
import classes from "./viewer.module.css";

const ICONS: Readonly<Record<(typeof TOOLS)[number], Icon>> = {
  scroll: IconArrowsVertical,
  window: IconContrast,
  pan: IconArrowsMove,
  zoom: IconZoomIn,
};
const TOOLS = ["scroll", "window", "pan", "zoom"] as const;
/** What two fingers do as well: left out where there is little room. */
const BY_FINGERS: readonly DragTool[] = ["pan", "zoom"];

export interface ViewerToolbarProps {
  stack: ImageStack;
  cine: Cine;
  tool: DragTool;
  onTool: (tool: DragTool) => void;
  presets: readonly Preset[];
  onPreset: (key: string) => void;
  ai: AiMenuProps;
  layoutChoice: ReactNode;
  keyImages: KeyImageButtonsProps;
  measurementCount: number;
  listShown: boolean;
  /** Null where the layout has no room for the list. */
  onToggleList: (() => void) | null;
}

export function ViewerToolbar(props: ViewerToolbarProps) {
  const { stack, cine, tool, onTool, presets, onPreset } = props;
  const { t } = useTranslation("viewer");
  const { presentation, stored, slices } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const { playing } = useSyncExternalStore(cine.state.subscribe, cine.state.get);
  const inverted = presentation !== null && presentation.invert !== (stored?.invert ?? false);
  return (
    <div className={classes.bar}>
      <div className={classes.toolbar} role="toolbar" aria-label={t("toolbar")}>
        {props.layoutChoice}
        <div className={classes.group}>
          {TOOLS.filter((each) => each !== "scroll" || slices.length > 1).map((each) => (
            <ToolButton
              key={each}
              label={t(`tool.${each}`)}
              shortcut={VIEWING_KEYS[each].toUpperCase()}
              icon={ICONS[each]}
              pressed={tool === each}
              className={BY_FINGERS.includes(each) ? classes.roomyOnly : undefined}
              onPress={() => onTool(each)}
            />
          ))}
          <MeasureMenu tool={tool} onTool={onTool} />
          {props.onToggleList !== null && (
            <ToolButton
              label={t("measurements.title")}
              icon={IconListNumbers}
              pressed={props.listShown}
              count={props.measurementCount}
              onPress={props.onToggleList}
            />
          )}
        </div>
        <div className={classes.group}>
          <KeyImageButtons {...props.keyImages} />
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
          {slices.length > 1 && (
            <ToolButton
              label={t(playing ? "cine.stop" : "cine.play")}
              shortcut={t("cine.space")}
              icon={playing ? IconPlayerStop : IconPlayerPlay}
              pressed={playing}
              onPress={cine.toggle}
            />
          )}
          <ToolButton
            label={t("invert")}
            shortcut="I"
            icon={IconContrast2}
            pressed={inverted}
            onPress={() => stack.setInvert(!(presentation?.invert ?? false))}
          />
          <AiMenu {...props.ai} />
          <ToolButton label={t("reset")} shortcut="F" icon={IconRefresh} onPress={() => stack.reset()} />
          <ViewMenu stack={stack} onTool={onTool} />
        </div>
      </div>
    </div>
  );
}
