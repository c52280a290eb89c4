import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconGripHorizontal, IconMaximize, IconMinimize } from "@tabler/icons-react";
import { useRef, useState, type PointerEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

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
  const dock = useRef<HTMLDivElement>(null);
  const grip = useRef<{ x: number; y: number } | null>(null);

  const onMove = (event: PointerEvent) => {
    const from = grip.current;
    const box = dock.current?.getBoundingClientRect();
    const stage = dock.current?.parentElement?.getBoundingClientRect();
    if (from === null || box === undefined || stage === undefined) return;
    const within = (wanted: number, near: number, far: number) => Math.max(near, Math.min(far, wanted));
    const dx = within(event.clientX - from.x, stage.left - box.left, stage.right - box.right);
    const dy = within(event.clientY - from.y, stage.top - box.top, stage.bottom - box.bottom);
    grip.current = { x: event.clientX, y: event.clientY };
    setShift(([x, y]) => [x + dx, y + dy]);
  };
  return (
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
  );
}
