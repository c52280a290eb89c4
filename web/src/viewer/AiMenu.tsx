/** How AI results are shown: marks or none, from which probability on, and whether the reader reads first. */
import { ActionIcon, Popover, Slider, Switch } from "@mantine/core";
import { IconChevronDown, IconEye, IconEyeOff } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { leastProbability } from "./aiFilter";
import { ToolButton } from "./ToolButton";
import type { ReaderFirstOfStudy } from "./useReaderFirst";
import classes from "./viewer.module.css";

export interface AiMenuProps {
  marksShown: boolean;
  onToggleMarks: () => void;
  shownCount: number;
  findingCount: number;
  readerFirst: ReaderFirstOfStudy;
}

export function AiMenu({ marksShown, onToggleMarks, shownCount, findingCount, readerFirst }: AiMenuProps) {
  const { t } = useTranslation("viewer");
  const least = useSyncExternalStore(leastProbability.subscribe, leastProbability.get);
  const isShown = marksShown && !readerFirst.hides;
  return (
    <div className={classes.split}>
      <ToolButton
        label={t(readerFirst.hides ? "readerFirst.title" : "marks")}
        shortcut="H"
        icon={isShown ? IconEye : IconEyeOff}
        pressed={isShown}
        onPress={onToggleMarks}
      />
      <Popover position="bottom-end" width={270} trapFocus>
        <Popover.Target>
          <ActionIcon className={classes.more} variant="subtle" color="gray" aria-label={t("ai.settings")}>
            <IconChevronDown size={13} aria-hidden />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown className={classes.ai}>
          <div>
            <div className={classes.aiRow}>
              <span>{t("ai.least", { percent: Math.round(least * 100) })}</span>
              {!readerFirst.hides && <span>{t("ai.shown", { shown: shownCount, count: findingCount })}</span>}
            </div>
            <Slider
              min={0}
              max={1}
              step={0.01}
              value={least}
              label={null}
              thumbLabel={t("ai.threshold")}
              onChange={(value) => leastProbability.set(value)}
            />
          </div>
          <Switch
            label={t("readerFirst.switch")}
            description={t("readerFirst.about")}
            checked={readerFirst.isOn}
            onChange={(event) => readerFirst.setOn(event.currentTarget.checked)}
          />
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}
