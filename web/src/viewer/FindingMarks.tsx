/** AI boxes: cyan corner brackets with "AI" on them, unlike anything that a person draws. */
import { useTranslation } from "react-i18next";

import type { Finding } from "../api/types";
import { markLabel, type FindingMark } from "./findingOnSlice";
import { atLeast, boxOnCanvas, bracketPath, type ImageToCanvas } from "./geometry";
import classes from "./viewer.module.css";

/** CSS px: a bracket stands off the lesion, and a tiny box stays visible. */
const LEAST_PX = 22;
const STANDOFF_PX = 3;
const ARM_PX = 10;
const LABEL_HEIGHT_PX = 18;

const SIGN: Readonly<Record<Finding["status"], string>> = { preliminary: "", accepted: "✓ ", rejected: "✕ " };

export interface FindingMarksProps {
  marks: readonly FindingMark[];
  transform: ImageToCanvas;
  selectedId: string | null;
  onSelect: (id: string) => void;
}

export function FindingMarks({ marks, transform, selectedId, onSelect }: FindingMarksProps) {
  const { t } = useTranslation("viewer");
  return marks.map(({ finding, box, section }) => {
    const [x0, y0, x1, y1] = boxOnCanvas(transform, box);
    const outer = atLeast([x0 - STANDOFF_PX, y0 - STANDOFF_PX, x1 + STANDOFF_PX, y1 + STANDOFF_PX], LEAST_PX);
    const label = SIGN[finding.status] + markLabel(finding);
    // Latin letters and digits at 12 px: wide enough for the longest label.
    const width = label.length * 7 + 10;
    const above = outer[1] - LABEL_HEIGHT_PX - 3;
    const top = above >= 0 ? above : outer[3] + 3;
    return (
      <g
        key={finding.id}
        className={classes.mark}
        data-finding-id={finding.id}
        data-section={section}
        data-status={finding.status}
        data-selected={finding.id === selectedId || undefined}
      >
        <path className={classes.bracketHalo} d={bracketPath(outer, ARM_PX)} />
        <path className={classes.bracket} d={bracketPath(outer, ARM_PX)} />
        <rect
          className={classes.bracketBox}
          x={outer[0]}
          y={outer[1]}
          width={outer[2] - outer[0]}
          height={outer[3] - outer[1]}
        />
        <g
          className={classes.markLabel}
          role="button"
          tabIndex={0}
          aria-label={t("mark", { label, status: t(`status.${finding.status}`) })}
          onClick={() => onSelect(finding.id)}
          onKeyDown={(event) => {
            if (event.key === "Enter" || event.key === " ") onSelect(finding.id);
          }}
        >
          <rect x={outer[0]} y={top} width={width} height={LABEL_HEIGHT_PX} rx={2} />
          <text x={outer[0] + 5} y={top + 13}>
            {label}
          </text>
        </g>
      </g>
    );
  });
}
