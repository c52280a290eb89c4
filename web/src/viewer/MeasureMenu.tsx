/** The measuring tools behind one button, which shows and takes up again the one used last. */
import { ActionIcon, Menu } from "@mantine/core";
import {
  IconAngle,
  IconArrowUpRight,
  IconChevronDown,
  IconCrosshair,
  IconOvalVertical,
  IconPlus,
  IconRulerMeasure,
  type Icon,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { drawnBy, type DragTool } from "./gestures";
import { MEASUREMENT_KINDS, type MeasurementKind } from "./measuring";
import { ToolButton } from "./ToolButton";
import { MEASURING_KEYS } from "./useViewerKeys";
import classes from "./viewer.module.css";

const ICONS: Readonly<Record<MeasurementKind, Icon>> = {
  length: IconRulerMeasure,
  bidirectional: IconPlus,
  angle: IconAngle,
  ellipse: IconOvalVertical,
  probe: IconCrosshair,
  arrow: IconArrowUpRight,
};

export function MeasureMenu({ tool, onTool }: { tool: DragTool; onTool: (tool: DragTool) => void }) {
  const { t } = useTranslation("viewer");
  const [last, setLast] = useState<MeasurementKind>("length");
  const current = drawnBy(tool) ?? last;
  if (current !== last) setLast(current);
  return (
    <div className={classes.split}>
      <ToolButton
        label={t(`tool.${current}`)}
        shortcut={MEASURING_KEYS[current].toUpperCase()}
        icon={ICONS[current]}
        pressed={tool === current}
        onPress={() => onTool(current)}
      />
      <Menu position="bottom-start" withinPortal>
        <Menu.Target>
          <ActionIcon className={classes.more} variant="subtle" color="gray" aria-label={t("measureTools")}>
            <IconChevronDown size={13} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {MEASUREMENT_KINDS.map((kind) => {
            const Symbol = ICONS[kind];
            return (
              <Menu.Item
                key={kind}
                leftSection={<Symbol size={17} stroke={1.7} aria-hidden />}
                rightSection={<kbd className={classes.key}>{MEASURING_KEYS[kind].toUpperCase()}</kbd>}
                onClick={() => onTool(kind)}
              >
                {t(`tool.${kind}`)}
              </Menu.Item>
            );
          })}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
