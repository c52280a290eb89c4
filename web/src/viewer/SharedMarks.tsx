/** What others have measured on the image on screen, each in the colour of its owner and with their name. */
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { ImageMeasurement } from "../signaling/messages";
import { toCanvas, type ImageToCanvas, type Point } from "./geometry";
import { linesOf } from "./measuring";
import { roomMarks } from "./roomMarks";
import classes from "./viewer.module.css";

const CORNERS = 48;
const LINE_PX = 16;

/** From the ends of its two axes, as `measuring.ts` has them. */
function ellipse([b0, b1, a0, a1]: readonly Point[]): Point[] {
  if (!b0 || !b1 || !a0 || !a1) return [];
  const [x, y] = [(a0[0] + a1[0]) / 2, (a0[1] + a1[1]) / 2];
  return Array.from({ length: CORNERS + 1 }, (_, corner): Point => {
    const [along, across] = [Math.cos((2 * Math.PI * corner) / CORNERS) / 2, Math.sin((2 * Math.PI * corner) / CORNERS) / 2];
    return [
      x + (a1[0] - a0[0]) * along + (b1[0] - b0[0]) * across,
      y + (a1[1] - a0[1]) * along + (b1[1] - b0[1]) * across,
    ];
  });
}

/** The two strokes of an arrow's head, at the first of its points. */
function head([tip, tail]: readonly Point[]): Point[] {
  if (!tip || !tail) return [];
  const back = Math.atan2(tail[1] - tip[1], tail[0] - tip[0]);
  const stroke = (angle: number): Point => [tip[0] + 12 * Math.cos(back + angle), tip[1] + 12 * Math.sin(back + angle)];
  return [stroke(0.5), tip, stroke(-0.5)];
}

function strokesOf(kind: ImageMeasurement["kind"], points: readonly Point[]): (readonly Point[])[] {
  const [p] = points;
  switch (kind) {
    case "ellipse":
      return [ellipse(points)];
    case "bidirectional":
      return [points.slice(0, 2), points.slice(2, 4)];
    case "arrow":
      return [points, head(points)];
    case "probe":
      return p === undefined ? [] : [[[p[0] - 7, p[1]], [p[0] + 7, p[1]]], [[p[0], p[1] - 7], [p[0], p[1] + 7]]];
    default:
      return [points];
  }
}

const path = (points: readonly Point[]) =>
  points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

export interface SharedMarksProps {
  shown: { sopInstanceUid: string; frame: number };
  transform: ImageToCanvas;
}

export function SharedMarks({ shown, transform }: SharedMarksProps) {
  const { t } = useTranslation("viewer");
  const { marks } = useSyncExternalStore(roomMarks.subscribe, roomMarks.get);
  return marks
    .filter(({ measurement: { sopInstanceUid, frame } }) => sopInstanceUid === shown.sopInstanceUid && frame === shown.frame)
    .map(({ measurement: { id, kind, points, label, measured }, name, colour }) => {
      const drawn = points.map(({ x, y }) => toCanvas(transform, [x, y]));
      const rightmost = drawn.toSorted((a, b) => b[0] - a[0])[0] ?? [0, 0];
      const lines = [name, ...(measured === null ? [label].filter(Boolean) : linesOf(measured, label, t))];
      return (
        <g key={id} className={classes.sharedMark} data-measurement={id} style={{ color: colour }}>
          {strokesOf(kind, drawn).map((stroke, index) => (
            <path key={index} d={path(stroke)} />
          ))}
          {lines.map((line, index) => (
            <text key={`${index} ${line}`} x={rightmost[0] + 10} y={rightmost[1] + 5 + index * LINE_PX}>
              {line}
            </text>
          ))}
        </g>
      );
    });
}
