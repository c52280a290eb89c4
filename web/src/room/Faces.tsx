import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconGripHorizontal, IconMaximize, IconMinimize } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { moveClear, moveTo, moveWithin, nextCorner, parsePut, putOf, type Edges, type Put } from "./floating";
import classes from "./room.module.css";

/** What is pressed or slid: faces never lie over it. */
const CONTROLS = "button, input, select, textarea, a[href]";
const REMEMBERED = "teleconsult.faces";

const holdsControls = (node: Node) =>
  node instanceof HTMLElement && (node.matches(CONTROLS) || node.querySelector(CONTROLS) !== null);

function controlsIn(stage: Element, dock: Element): Edges[] {
  const controls = [...stage.querySelectorAll(CONTROLS)].filter((one) => !dock.contains(one));
  return controls.map((one) => one.getBoundingClientRect()).filter(({ width, height }) => width > 0 && height > 0);
}

export interface FacesProps {
  count: number;
  /** Whether one of the faces is shown large. */
  hasLarge: boolean;
  onLarge: () => void;
  children: ReactNode;
}

/** The tiles float over a corner of the picture, are moved by their grip, and fold away to one line. They come to rest
 * beside the picture's controls, and stay where they were put in this browser.
 */
export function Faces({ count, hasLarge, onLarge, children }: FacesProps) {
  const { t } = useTranslation("room");
  const [isFolded, setFolded] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const dock = useRef<HTMLDivElement>(null);
  const grip = useRef<{ x: number; y: number; isDragged: boolean } | null>(null);
  /** Null: where the page's style has them. */
  const put = useRef<Put | null>(parsePut(localStorage.getItem(REMEMBERED)));
  const shift = useRef<readonly [number, number]>([0, 0]);

  /** Move by what is found from where they lie and within which edges. */
  const move = useCallback((by: (box: DOMRect, bounds: DOMRect) => readonly [number, number]) => {
    if (dock.current === null || area.current === null) return;
    const [dx, dy] = by(dock.current.getBoundingClientRect(), area.current.getBoundingClientRect());
    if (dx === 0 && dy === 0) return;
    shift.current = [shift.current[0] + dx, shift.current[1] + dy];
    dock.current.style.translate = shift.current.map((each) => `${each}px`).join(" ");
  }, []);
  const settle = useCallback(() => {
    move((box, bounds) => (put.current === null ? [-shift.current[0], -shift.current[1]] : moveTo(put.current, box, bounds)));
    move((box, bounds) => {
      const [stage, own] = [area.current?.parentElement, dock.current];
      return stage == null || own === null ? [0, 0] : moveClear(box, bounds, controlsIn(stage, own));
    });
  }, [move]);
  const putAt = (where: (now: Put) => Put) => {
    if (dock.current === null || area.current === null) return;
    const lies = putOf(dock.current.getBoundingClientRect(), area.current.getBoundingClientRect());
    put.current = where(lies);
    localStorage.setItem(REMEMBERED, put.current.join(" "));
    settle();
  };
  const onMove = (event: PointerEvent) => {
    const from = grip.current;
    if (from === null) return;
    const wanted = [event.clientX - from.x, event.clientY - from.y] as const;
    if (wanted[0] === 0 && wanted[1] === 0) return;
    grip.current = { x: event.clientX, y: event.clientY, isDragged: true };
    move((box, bounds) => moveWithin(box, bounds, wanted));
  };
  /** Whether the pointer that is let go has dragged them: then it pressed nothing. */
  const wasDragged = useRef(false);
  const onLetGo = () => {
    wasDragged.current = grip.current?.isDragged ?? false;
    grip.current = null;
    if (wasDragged.current) putAt((now) => now);
  };
  // The window, a list beside the picture or another layout of it may have taken their place, or given it back.
  useEffect(() => {
    let frame = 0;
    const soon = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        if (grip.current === null) settle();
      });
    };
    const sizes = new ResizeObserver(soon);
    for (const one of [area.current, dock.current]) if (one !== null) sizes.observe(one);
    const controls = new MutationObserver((changes) => {
      if (changes.some(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes].some(holdsControls))) soon();
    });
    const stage = area.current?.parentElement;
    if (stage != null) controls.observe(stage, { childList: true, subtree: true });
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      controls.disconnect();
    };
  }, [settle]);
  return (
    <div ref={area} className={classes.facesArea}>
      <div ref={dock} className={classes.faces} data-testid="faces">
        <div className={classes.facesBar}>
          <button
            type="button"
            className={classes.grip}
            title={t("move")}
            aria-label={t("move")}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              grip.current = { x: event.clientX, y: event.clientY, isDragged: false };
            }}
            onPointerMove={onMove}
            onPointerUp={onLetGo}
            onPointerCancel={onLetGo}
            onClick={() => {
              if (!wasDragged.current) putAt((now) => nextCorner(put.current ?? now));
              wasDragged.current = false;
            }}
          >
            <IconGripHorizontal size={16} aria-hidden />
          </button>
          {isFolded && <span className={classes.facesCount}>{t("people", { count })}</span>}
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
