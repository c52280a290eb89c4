/** The facts that a reader must see beside every picture: who, what, which slice, how shown, which side. */
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Series, StudyDetail } from "../api/types";
import type { ImageStack } from "./imageStack";
import { digits } from "./measuring";
import { lettersOnCanvas } from "./orientation";
import { EdgeText, PatientText } from "./PictureTexts";
import { isPresetShown, presetsFor } from "./presets";
import { usePresetName } from "./usePresetName";
import classes from "./viewer.module.css";

/** A position along z as radiographers write it: "H 12.0" is 12 mm towards the head. */
const positionText = (z: number) => `${z < 0 ? "F" : "H"} ${Math.abs(z).toFixed(1)} mm`;

function HoverValue({ stack, unit }: { stack: ImageStack; unit: string | null }) {
  const { t } = useTranslation("viewer");
  const hover = useSyncExternalStore(stack.hover.subscribe, stack.hover.get);
  if (hover === null) return null;
  const value = hover.value === null ? null : digits(hover.value);
  return (
    <div data-testid="hover-value">
      {value === null ? null : unit === null ? t("pixelValue", { value }) : `${value} ${unit}`}{" "}
      <span className={classes.faint}>
        ({hover.column}, {hover.row})
      </span>
    </div>
  );
}

export interface CornerTextsProps {
  study: StudyDetail;
  series: Series | null;
  stack: ImageStack;
}

export function CornerTexts({ study, series, stack }: CornerTextsProps) {
  const { t } = useTranslation("viewer");
  const presetName = usePresetName();
  const { shown, slices, presentation, stored, transform } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  if (shown === null || presentation === null || transform === null) return null;
  const { facts } = shown;
  const { center, width } = presentation.window;
  const { rotation, flip } = presentation.turn;
  const letters = facts.letters === null ? null : lettersOnCanvas(facts.letters, transform);
  const preset = presetsFor(series?.modality ?? "", facts.storedWindows).find((each) =>
    isPresetShown(each, presentation.window, stored?.window ?? null),
  );
  const axial = facts.plane !== null && Math.abs(facts.plane.row[2]) < 0.1 && Math.abs(facts.plane.column[2]) < 0.1;
  return (
    <div className={classes.texts}>
      <div className={classes.topLeft}>
        <PatientText study={study} />
      </div>
      <div className={classes.topRight} data-testid="corner">
        {facts.projection !== null && <div className={classes.projection}>{facts.projection}</div>}
        <div className={classes.strong}>{series?.description ?? series?.modality}</div>
        <div>
          {[series?.modality, series?.series_number == null ? null : t("seriesNumber", { number: series.series_number })]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </div>
      <div className={classes.bottomLeft}>
        <HoverValue stack={stack} unit={facts.valueUnit} />
        {(rotation !== 0 || flip) && (
          <div className={classes.turned}>
            {[rotation === 0 ? null : t("turned.rotated", { degrees: rotation }), flip ? t("turned.mirrored") : null]
              .filter(Boolean)
              .join(" · ")}
          </div>
        )}
        <div>
          {t("window", { width: Math.round(width), center: Math.round(center) })}
          {preset !== undefined && <span className={classes.faint}> {presetName(preset)}</span>}
        </div>
        <div className={classes.faint}>{t("zoom", { percent: Math.round(presentation.view.zoom * 100) })}</div>
      </div>
      <div className={classes.bottomRight} data-testid="corner">
        {slices.length > 1 && (
          <div className={classes.strong}>{t("slice", { index: shown.index + 1, count: slices.length })}</div>
        )}
        {axial && facts.plane !== null && <div>{positionText(facts.plane.position[2])}</div>}
        {facts.sliceThicknessMm !== null && slices.length > 1 && (
          <div className={classes.faint}>{t("thickness", { mm: facts.sliceThicknessMm.toFixed(1) })}</div>
        )}
      </div>
      <EdgeText letters={letters} />
    </div>
  );
}
