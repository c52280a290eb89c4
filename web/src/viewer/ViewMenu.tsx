/** How the picture lies and how large it is: what is needed now and then. */
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconAspectRatio,
  IconDots,
  IconFlipHorizontal,
  IconFlipVertical,
  IconRotate2,
  IconRotateClockwise2,
  IconRuler3,
  IconZoomInArea,
  type Icon,
} from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { mirrored, rotated, upsideDown } from "./geometry";
import type { DragTool } from "./gestures";
import type { ImageStack } from "./imageStack";
import { screenScale } from "./screenScale";
import { ScreenSizeDialog } from "./ScreenSizeDialog";
import { VIEWING_KEYS } from "./useViewerKeys";
import classes from "./viewer.module.css";

interface Row {
  label: string;
  icon: Icon;
  shortcut: string | null;
  disabled?: boolean;
  onClick: () => void;
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return rows.map(({ label, icon: Symbol, shortcut, disabled, onClick }) => (
    <Menu.Item
      key={label}
      leftSection={<Symbol size={17} stroke={1.7} aria-hidden />}
      rightSection={shortcut === null ? null : <kbd className={classes.key}>{shortcut}</kbd>}
      disabled={disabled ?? false}
      onClick={onClick}
    >
      {label}
    </Menu.Item>
  ));
}

export function ViewMenu({ stack, onTool }: { stack: ImageStack; onTool: (tool: DragTool) => void }) {
  const { t } = useTranslation("viewer");
  const { shown } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const { isMeasured } = useSyncExternalStore(screenScale.subscribe, screenScale.get);
  const [measuring, setMeasuring] = useState(false);
  const lying: Row[] = [
    { label: t("turn.right"), icon: IconRotateClockwise2, shortcut: "]", onClick: () => stack.turn((turn) => rotated(turn, 90)) },
    { label: t("turn.left"), icon: IconRotate2, shortcut: "[", onClick: () => stack.turn((turn) => rotated(turn, -90)) },
    { label: t("turn.mirror"), icon: IconFlipHorizontal, shortcut: null, onClick: () => stack.turn(mirrored) },
    { label: t("turn.upsideDown"), icon: IconFlipVertical, shortcut: null, onClick: () => stack.turn(upsideDown) },
  ];
  const basis = shown?.facts.calibration.basis ?? "uncalibrated";
  const sizes: Row[] = [
    { label: t("tool.magnify"), icon: IconZoomInArea, shortcut: VIEWING_KEYS.magnify.toUpperCase(), onClick: () => onTool("magnify") },
    { label: t("size.pixels"), icon: IconAspectRatio, shortcut: "0", onClick: () => stack.showPixels() },
    {
      label: t(`size.true.${basis}`),
      icon: IconRuler3,
      shortcut: "9",
      disabled: basis === "uncalibrated",
      onClick: () => stack.showTrueSize(),
    },
  ];
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Tooltip label={t("view")}>
            <ActionIcon className={classes.tool} variant="subtle" color="gray" aria-label={t("view")}>
              <IconDots size={19} stroke={1.7} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Rows rows={lying} />
          <Menu.Divider />
          <Rows rows={sizes} />
          <Menu.Item className={classes.note} onClick={() => setMeasuring(true)}>
            {t(isMeasured ? "screenSize.measured" : "screenSize.notMeasured")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ScreenSizeDialog opened={measuring} onClose={() => setMeasuring(false)} />
    </>
  );
}
