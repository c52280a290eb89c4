/** Where the two other planes cut this one, in their colours; dashed: how far their slabs reach. */
import { useTranslation } from "react-i18next";

import { toCanvas, type ImageToCanvas, type Size } from "../geometry";
import classes from "./mpr.module.css";
import { isSlab, type MprView } from "./mprView";
import { pixelsPerMm, PLANES, pointOf, sectionOf, type Section } from "./section";
import type { VoxelGrid } from "./voxelGrid";

/** CSS px that stay free about the crosshair: it must not cover what it marks. */
const GAP_PX = 14;
const LABEL_PX = 16;
/** Room for the letter at the edge. */
const EDGE_PX = 30;

export interface CrossLinesProps {
  grid: VoxelGrid;
  section: Section;
  view: MprView;
  transform: ImageToCanvas;
  canvas: Size;
}

export function CrossLines({ grid, section, view, transform, canvas }: CrossLinesProps) {
  const { t } = useTranslation("viewer");
  const [x, y] = toCanvas(transform, pointOf(grid, section, view.crosshair));
  return PLANES.filter((name) => name !== section.name).map((name) => {
    const { through } = sectionOf(grid, name);
    // A plane through the axis of the columns stands along the rows.
    const along = through === section.columns ? section.toRow : section.toColumn;
    const isUpright = along[0] === 0;
    const reach = isSlab(view.slabs[name]) ? (view.slabs[name].thicknessMm / 2) * pixelsPerMm(grid, section, transform) : null;
    const line = (aside: number) =>
      isUpright
        ? { x1: x + aside, x2: x + aside, y1: 0, y2: canvas.height }
        : { x1: 0, x2: canvas.width, y1: y + aside, y2: y + aside };
    return (
      <g key={name} className={classes.line} data-line={name}>
        {isUpright ? (
          <path d={`M${x} 0V${y - GAP_PX}M${x} ${y + GAP_PX}V${canvas.height}`} />
        ) : (
          <path d={`M0 ${y}H${x - GAP_PX}M${x + GAP_PX} ${y}H${canvas.width}`} />
        )}
        {reach !== null && [-reach, reach].map((aside) => <line key={aside} className={classes.reach} {...line(aside)} />)}
        <text
          x={isUpright ? x + 4 : canvas.width - EDGE_PX}
          y={isUpright ? canvas.height * 0.12 + LABEL_PX : y - 4}
          textAnchor={isUpright ? "start" : "end"}
        >
          {t(`mpr.plane.${name}`)}
        </text>
      </g>
    );
  });
}
