/** The windows of an image: a row of buttons, or one menu where the toolbar is narrow. */
import { Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { isPresetShown, type Preset } from "./presets";
import { usePresetName } from "./usePresetName";
import classes from "./viewer.module.css";
import type { Window } from "./viewerState";

export interface PresetChoiceProps {
  presets: readonly Preset[];
  shown: Window | null;
  stored: Window | null;
  onPreset: (key: string) => void;
}

export function PresetChoice({ presets, shown, stored, onPreset }: PresetChoiceProps) {
  const { t } = useTranslation("viewer");
  const presetName = usePresetName();
  return (
    <>
      <div className={`${classes.group} ${classes.wideOnly}`} role="group" aria-label={t("presets")}>
        {presets.map((preset) => (
          <button
            key={preset.key}
            type="button"
            className={classes.preset}
            aria-pressed={isPresetShown(preset, shown, stored)}
            aria-keyshortcuts={preset.key}
            title={preset.key}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onPreset(preset.key)}
          >
            {presetName(preset)}
          </button>
        ))}
      </div>
      <div className={`${classes.group} ${classes.narrowOnly}`}>
        <Menu position="bottom-start">
          <Menu.Target>
            <button type="button" className={classes.preset}>
              {t("presets")} <IconChevronDown size={13} aria-hidden />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {presets.map((preset) => (
              <Menu.Item
                key={preset.key}
                rightSection={<kbd className={classes.key}>{preset.key}</kbd>}
                onClick={() => onPreset(preset.key)}
              >
                {presetName(preset)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
    </>
  );
}
