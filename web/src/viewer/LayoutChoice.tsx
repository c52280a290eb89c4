import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconCheck, IconColumns2, IconLayoutDashboard, IconLayoutGrid, IconSquare, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { KEYS } from "../app/keyTable";
import classes from "./viewer.module.css";
import type { Layout } from "./viewerState";

const ICONS: Readonly<Partial<Record<Layout, Icon>>> = {
  stack: IconSquare,
  mpr: IconLayoutDashboard,
  compare: IconColumns2,
  mammography: IconLayoutGrid,
};
/** Each goes to a layout and back. */
export const LAYOUT_KEYS: Readonly<Partial<Record<Layout, string>>> = { ...KEYS.layouts, ...KEYS.hangings };

export interface LayoutChoiceProps {
  offered: readonly Layout[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
}

/** Nothing where there is no choice. */
export function LayoutChoice({ offered, layout, onLayout }: LayoutChoiceProps) {
  const { t } = useTranslation("viewer");
  if (offered.length < 2) return null;
  const Shown = ICONS[layout] ?? IconSquare;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Tooltip label={t("layout.title")}>
          <ActionIcon className={classes.tool} variant="subtle" color="gray" aria-label={t("layout.title")}>
            <Shown size={19} stroke={1.7} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {offered.map((each) => {
          const Symbol = ICONS[each] ?? IconSquare;
          return (
            <Menu.Item
              key={each}
              leftSection={<Symbol size={17} stroke={1.7} aria-hidden />}
              rightSection={
                each === layout ? (
                  <IconCheck size={15} aria-hidden />
                ) : (
                  <kbd className={classes.key}>{LAYOUT_KEYS[each]?.toUpperCase()}</kbd>
                )
              }
              aria-current={each === layout || undefined}
              onClick={() => onLayout(each)}
            >
              {t(`layout.${each}`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
