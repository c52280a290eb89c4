/** Where the people in the room point. */
import { toCanvas, type ImageToCanvas } from "./geometry";
import classes from "./viewer.module.css";
import type { Pointer } from "./viewerState";

export interface NamedPointer {
  participantId: string;
  name: string;
  colour: string;
  pointer: Pointer;
}

export interface PointerMarksProps {
  pointers: readonly NamedPointer[];
  shown: { sopInstanceUid: string; frame: number };
  transform: ImageToCanvas;
}

/** Only pointers on the slice that is shown: one on another slice would point at nothing. */
export function PointerMarks({ pointers, shown, transform }: PointerMarksProps) {
  return pointers
    .filter(({ pointer }) => pointer.sopInstanceUid === shown.sopInstanceUid && pointer.frame === shown.frame)
    .map(({ participantId, name, colour, pointer }) => {
      const [x, y] = toCanvas(transform, [pointer.x, pointer.y]);
      const width = [...name].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 13 : 7.4), 12);
      return (
        <g
          key={participantId}
          className={classes.pointer}
          data-pointer-of={participantId}
          data-image-x={pointer.x.toFixed(1)}
          data-image-y={pointer.y.toFixed(1)}
          transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
        >
          <path className={classes.pointerArrow} d="M0 0L4.5 16L7.8 9.4L15 7.5Z" fill={colour} />
          <rect x={12} y={14} width={width} height={19} rx={3} fill={colour} />
          <text x={18} y={28}>
            {name}
          </text>
        </g>
      );
    });
}
