import { IconColumns2, IconLayoutGrid, IconSquare, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ToolButton } from "./ToolButton";
import classes from "./viewer.module.css";
import type { Layout } from "./viewerState";

const ICONS: Readonly<Partial<Record<Layout, Icon>>> = {
  stack: IconSquare,
  compare: IconColumns2,
  mammography: IconLayoutGrid,
};

export interface LayoutChoiceProps {
  offered: readonly Layout[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
}

/** Nothing where there is no choice. */
export function LayoutChoice({ offered, layout, onLayout }: LayoutChoiceProps) {
  const { t } = useTranslation("viewer");
  if (offered.length < 2) return null;
  return (
    <div className={classes.group} role="group" aria-label={t("layout.title")}>
      {offered.map((each) => (
        <ToolButton
          key={each}
          label={t(`layout.${each}`)}
          icon={ICONS[each] ?? IconSquare}
          pressed={each === layout}
          onPress={() => onLayout(each)}
        />
      ))}
    </div>
  );
}
