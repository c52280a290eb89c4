/** AI boxes: cyan corner brackets with "AI" on them, unlike anything that a person draws; what a reader drew anew is
 * closed, in the colour of people's marks, and its label begins with the size.
 *
 * On a mammogram the centre carries the sign that readers of CAD know: an asterisk for a mass or a distortion, a triangle
 * for a cluster of calcifications (Hologic, Understanding R2 ImageChecker, MAN-00934). DICOM leaves the choice open.
 */
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

/** Half the size of a sign, in CSS px. */
const SIGN_PX = 8;

/** The sign of a finding about a centre, as an SVG path; null for kinds without one. */
function signPath({ kind, box_lps_mm: box }: Finding, x: number, y: number): string | null {
  const r = SIGN_PX;
  // A mass that has a place in space is one of the lung.
  if (box !== null) return null;
  if (kind === "calcification-cluster") return `M${x} ${y - r}L${x + r} ${y + r * 0.8}H${x - r}Z`;
  if (kind !== "mass" && kind !== "architectural-distortion") return null;
  const [dx, dy] = [r * 0.87, r * 0.5];
  return `M${x} ${y - r}V${y + r}M${x - dx} ${y - dy}L${x + dx} ${y + dy}M${x - dx} ${y + dy}L${x + dx} ${y - dy}`;
}

const SIGN: Readonly<Record<Finding["status"], string>> = { preliminary: "", accepted: "✓ ", edited: "✎ ", rejected: "✕ " };

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
    // A box that a person drew is closed, as people draw boxes.
    const [left, top0, right, bottom] = outer;
    const outline = finding.by_model === null ? bracketPath(outer, ARM_PX) : `M${left} ${top0}H${right}V${bottom}H${left}Z`;
    // Latin letters and digits at 12 px: wide enough for the longest label.
    const width = label.length * 7 + 10;
    const above = outer[1] - LABEL_HEIGHT_PX - 3;
    const top = above >= 0 ? above : outer[3] + 3;
    const sign = signPath(finding, (outer[0] + outer[2]) / 2, (outer[1] + outer[3]) / 2);
    return (
      <g
        key={finding.id}
        className={classes.mark}
        data-finding-id={finding.id}
        data-section={section}
        data-status={finding.status}
        data-selected={finding.id === selectedId || undefined}
      >
        <path className={classes.bracketHalo} d={outline} />
        <path className={classes.bracket} d={outline} />
        {sign !== null && (
          <>
            <path className={classes.bracketHalo} d={sign} />
            <path className={classes.bracket} data-sign={finding.kind} d={sign} />
          </>
        )}
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
