/** How thick a slab a plane shows, and what of it. */
import { Button, Popover, SegmentedControl, Slider } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import viewer from "../viewer.module.css";
import classes from "./mpr.module.css";
import type { MprModel } from "./mprModel";
import { isSlab, THICKEST_MM, withSlab, type Slab } from "./mprView";
import { PROJECTIONS } from "./reslice";
import { PLANES, type PlaneName } from "./section";

export function SlabChoice({ name, slab, model }: { name: PlaneName; slab: Slab; model: MprModel }) {
  const { t } = useTranslation("viewer");
  const set = (next: Partial<Slab>) => model.change((view) => withSlab(view, name, { ...view.slabs[name], ...next }));
  return (
    <Popover position="top-end" width={250} trapFocus>
      <Popover.Target>
        <button type="button" className={classes.slab} aria-label={`${t("mpr.slab.title")}: ${t(`mpr.plane.${name}`)}`}>
          <IconStack2 size={15} stroke={1.7} aria-hidden />
          {isSlab(slab) ? `${t(`mpr.projection.${slab.projection}`)} ${slab.thicknessMm} mm` : t("mpr.slab.title")}
        </button>
      </Popover.Target>
      <Popover.Dropdown className={viewer.ai}>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label={t("mpr.slab.projection")}
          value={slab.projection}
          data={PROJECTIONS.map((value) => ({ value, label: t(`mpr.projection.${value}`) }))}
          onChange={(projection) => set({ projection })}
        />
        <div>
          <div className={viewer.aiRow}>
            <span>{t("mpr.slab.thickness")}</span>
            <span>{isSlab(slab) ? `${slab.thicknessMm} mm` : t("mpr.slab.off")}</span>
          </div>
          <Slider
            min={0}
            max={THICKEST_MM}
            step={1}
            value={slab.thicknessMm}
            label={null}
            thumbLabel={t("mpr.slab.thickness")}
            onChange={(thicknessMm) => set({ thicknessMm })}
          />
        </div>
        <Button
          size="xs"
          variant="default"
          onClick={() => model.change((view) => PLANES.reduce((next, each) => withSlab(next, each, view.slabs[name]), view))}
        >
          {t("mpr.slab.all")}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
