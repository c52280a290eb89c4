import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconGripHorizontal, IconMaximize, IconMinimize } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { moveWithin } from "./floating";
import classes from "./room.module.css";

export interface FacesProps {
  count: number;
  /** Whether one of the faces is shown large. */
  hasLarge: boolean;
  onLarge: () => void;
  children: ReactNode;
}

/** The tiles float over a corner of the picture, are moved by their grip, and fold away to one line. */
export function Faces({ count, hasLarge, onLarge, children }: FacesProps) {
  const { t } = useTranslation("room");
  const [shift, setShift] = useState<readonly [number, number]>([0, 0]);
  const [isFolded, setFolded] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const dock = useRef<HTMLDivElement>(null);
  const grip = useRef<{ x: number; y: number } | null>(null);

  const moveBy = useCallback((wanted?: readonly [number, number]) => {
    const box = dock.current?.getBoundingClientRect();
    const bounds = area.current?.getBoundingClientRect();
    if (box === undefined || bounds === undefined) return;
    const [dx, dy] = moveWithin(box, bounds, wanted);
    if (dx !== 0 || dy !== 0) setShift(([x, y]) => [x + dx, y + dy]);
  }, []);
  const onMove = (event: PointerEvent) => {
    const from = grip.current;
    if (from === null) return;
    grip.current = { x: event.clientX, y: event.clientY };
    moveBy([event.clientX - from.x, event.clientY - from.y]);
  };
  // Moved faces come back in where the window, or a list beside the picture, has taken their place.
  useEffect(() => {
    const observer = new ResizeObserver(() => moveBy());
    for (const one of [area.current, dock.current]) if (one !== null) observer.observe(one);
    return () => observer.disconnect();
  }, [moveBy]);
  return (
    <div ref={area} className={classes.facesArea}>
      <div ref={dock} className={classes.faces} style={{ translate: `${shift[0]}px ${shift[1]}px` }} data-testid="faces">
        <div className={classes.facesBar}>
          <span
            className={classes.grip}
            title={t("move")}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              grip.current = { x: event.clientX, y: event.clientY };
            }}
            onPointerMove={onMove}
            onPointerUp={() => {
              grip.current = null;
            }}
          >
            <IconGripHorizontal size={16} aria-hidden />
            {isFolded && <span>{t("people", { count })}</span>}
          </span>
          {!isFolded && count > 1 && (
            <ActionIcon
              size="sm"
              color="gray"
              aria-label={t(hasLarge ? "smallFaces" : "largeFace")}
              title={t(hasLarge ? "smallFaces" : "largeFace")}
              onClick={onLarge}
            >
              {hasLarge ? <IconMinimize size={16} aria-hidden /> : <IconMaximize size={16} aria-hidden />}
            </ActionIcon>
          )}
          <ActionIcon
            size="sm"
            color="gray"
            aria-label={t(isFolded ? "showFaces" : "hideFaces")}
            aria-expanded={!isFolded}
            onClick={() => setFolded(!isFolded)}
          >
            {isFolded ? <IconChevronDown size={16} aria-hidden /> : <IconChevronUp size={16} aria-hidden />}
          </ActionIcon>
        </div>
        <div className={classes.tiles} hidden={isFolded}>
          {children}
        </div>
      </div>
    </div>
  );
}
