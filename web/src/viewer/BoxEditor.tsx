/** A finding's box in a reader's hand: handles for mouse, touch and keys, and a bar with its size. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useEditFinding } from "../api/findingHooks";
import { arrowOnImage, diameterMm, diameterRule, dragged, HANDLES, scaled, sidesMm, stepPx, type Handle } from "../findings/box";
import { boxEdit, editors, endEdit, type BoxEdit } from "../findings/boxEdit";
import { useProblemText } from "../ui/problem";
import classes from "./boxEditor.module.css";
import { depthsOf, projectedBox, type Plane } from "./findingOnSlice";
import { toCanvas, toImage, type Box, type ImageToCanvas, type Point } from "./geometry";
import type { ImageStack } from "./imageStack";

/** CSS px: what a finger hits (WCAG 2.5.5), and what is seen of it. */
const TOUCH_PX = 44;
const HANDLE_PX = 9;
/** Sides are given handles of their own once the corners leave room for a finger. */
const SIDES_FROM_PX = 3 * TOUCH_PX;
const GROW = 1.05;

/** On the finding's own image, where the box begins. */
function begun(edit: BoxEdit, plane: Plane | null): Pick<BoxEdit, "box" | "reachMm"> {
  const { box_px: pixels, box_lps_mm: lps } = edit.finding;
  const projected = lps === null || plane === null ? null : projectedBox(plane, lps);
  return { box: pixels ?? projected, reachMm: lps === null || plane === null ? null : depthsOf(plane, lps) };
}

function onCanvas(transform: ImageToCanvas, [x0, y0, x1, y1]: Box): Readonly<Record<Handle, Point>> {
  const at = (x: number, y: number) => toCanvas(transform, [x - 0.5, y - 0.5]);
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return {
    nw: at(x0, y0), n: at(x, y0), ne: at(x1, y0), e: at(x1, y), se: at(x1, y1), s: at(x, y1), sw: at(x0, y1), w: at(x0, y), all: at(x, y),
  };
}

export function BoxEditor({ stack }: { stack: ImageStack }) {
  const edit = useSyncExternalStore(boxEdit.subscribe, boxEdit.get);
  const { shown, transform } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  useEffect(() => {
    editors.set(editors.get() + 1);
    return () => editors.set(editors.get() - 1);
  }, []);
  const isOwn = edit !== null && shown !== null && shown.sopInstanceUid === edit.finding.sop_instance_uid;
  useEffect(() => {
    const current = boxEdit.get();
    if (!isOwn || current === null || current.box !== null) return;
    const start = begun(current, stack.snapshot.get().shown?.plane ?? null);
    if (start.box === null) return endEdit();
    boxEdit.set({ ...current, ...start });
    stack.showBox(start.box);
  }, [isOwn, edit, stack]);
  if (!isOwn || transform === null || edit.box === null) return null;
  return <Editor key={edit.finding.id} edit={edit} box={edit.box} stack={stack} transform={transform} />;
}

interface EditorProps {
  edit: BoxEdit;
  box: Box;
  stack: ImageStack;
  transform: ImageToCanvas;
}

function Editor({ edit, box, stack, transform }: EditorProps) {
  const { t } = useTranslation("findings");
  const say = useProblemText();
  const save = useEditFinding();
  const [held, setHeld] = useState<Handle>("se");
  const first = useRef<SVGGElement>(null);
  const drag = useRef<Point | null>(null);
  const facts = stack.snapshot.get().shown?.facts;
  const calibration = useMemo(() => facts?.calibration ?? { basis: "uncalibrated" as const, spacing: [1, 1] as const }, [facts]);
  const size = facts?.size ?? { width: box[2], height: box[3] };
  const sides = sidesMm(box, calibration);
  const points = onCanvas(transform, box);
  /** What the diameter rests on. */
  const rests =
    sides === null
      ? ""
      : [
          `${sides.map((side) => side.toFixed(1)).join(" × ")} mm`,
          t(`edit.rule.${diameterRule(edit.finding)}`),
          t(`edit.basis.${calibration.basis}`),
        ].join(" · ");
  const set = (next: Partial<BoxEdit>) => boxEdit.set({ ...edit, ...next });

  const keep = () => {
    if (save.isPending) return;
    save.mutate(
      { finding: edit.finding, box, reachMm: edit.reachMm },
      {
        onSuccess: () => {
          endEdit();
          edit.onKept();
        },
        onError: (error) => {
          notifications.show({ color: "signal", title: t("edit.notKept"), message: say(error) });
          // Somebody else decided meanwhile: what is drawn rests on what is no more.
          if (error instanceof ApiError && error.status === 409) endEdit();
        },
      },
    );
  };

  const onKey = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const inField = target.tagName === "INPUT";
    const arrow = inField ? null : arrowOnImage(event.key, transform);
    const step = stepPx(calibration, event.shiftKey);
    if (event.key === "Escape") endEdit();
    else if (event.key === "Enter" && target.tagName !== "BUTTON") keep();
    else if (arrow !== null) set({ box: dragged(box, held, [arrow[0] * step, arrow[1] * step], size) });
    else if (!inField && (event.key === "+" || event.key === "=")) set({ box: scaled(box, GROW, size) });
    else if (!inField && event.key === "-") set({ box: scaled(box, 1 / GROW, size) });
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const latest = useRef({ onKey });
  useEffect(() => {
    latest.current = { onKey };
  });
  useEffect(() => {
    // Before the viewer's own keys: arrows move the box now, not the slices.
    const listen = (event: KeyboardEvent) => latest.current.onKey(event);
    window.addEventListener("keydown", listen, { capture: true });
    first.current?.focus();
    return () => window.removeEventListener("keydown", listen, { capture: true });
  }, []);

  const pointOf = (event: PointerEvent<SVGElement>): Point | null => {
    const frame = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    return frame === undefined ? null : toImage(transform, [event.clientX - frame.left, event.clientY - frame.top]);
  };
  const onDown = (event: PointerEvent<SVGElement>) => {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = pointOf(event);
  };
  const onMove = (event: PointerEvent<SVGElement>, handle: Handle) => {
    const [from, to] = [drag.current, pointOf(event)];
    if (from === null || to === null) return;
    drag.current = to;
    set({ box: dragged(box, handle, [to[0] - from[0], to[1] - from[1]], size) });
  };
  const onUp = () => {
    drag.current = null;
  };

  const reach = (points.se[0] - points.nw[0]) ** 2 + (points.se[1] - points.nw[1]) ** 2;
  const handles = HANDLES.filter((handle) => handle !== "all" && (handle.length === 2 || reach > SIDES_FROM_PX ** 2));
  const outline = [points.nw, points.ne, points.se, points.sw].map((point) => point.join(",")).join(" ");
  return (
    <>
      <svg className={classes.layer}>
        <polygon className={classes.halo} points={outline} />
        <polygon
          className={classes.box}
          points={outline}
          onPointerDown={onDown}
          onPointerMove={(event) => onMove(event, "all")}
          onPointerUp={onUp}
          onPointerCancel={onUp}
        />
        {[...handles, "all" as const].map((handle) => (
          <g
            key={handle}
            ref={handle === "se" ? first : undefined}
            className={classes.handle}
            role="button"
            tabIndex={0}
            aria-label={t(`edit.handle.${handle}`)}
            aria-pressed={held === handle}
            data-handle={handle}
            transform={`translate(${points[handle][0]} ${points[handle][1]})`}
            onFocus={() => setHeld(handle)}
            onPointerDown={onDown}
            onPointerMove={(event) => onMove(event, handle)}
            onPointerUp={onUp}
            onPointerCancel={onUp}
          >
            {handle !== "all" && <circle className={classes.reach} r={TOUCH_PX / 2} />}
            {handle === "all" ? (
              <path className={classes.knob} d="M-7 0H7M0 -7V7" />
            ) : (
              <rect className={classes.knob} x={-HANDLE_PX / 2} y={-HANDLE_PX / 2} width={HANDLE_PX} height={HANDLE_PX} />
            )}
          </g>
        ))}
      </svg>
      <div className={classes.bar} role="group" aria-label={t("edit.title")} data-testid="box-editor">
        {sides === null ? (
          <span>{t("edit.uncalibrated")}</span>
        ) : (
          <>
            <label className={classes.field} title={rests}>
              {t("edit.diameter")}
              <input
                type="number"
                min={0.5}
                step={0.5}
                value={diameterMm(edit.finding, sides).toFixed(1)}
                onChange={(event) => {
                  const wanted = Number(event.currentTarget.value);
                  if (wanted > 0) set({ box: scaled(box, wanted / diameterMm(edit.finding, sides), size) });
                }}
              />
              mm
            </label>
            <span className={classes.rests}>{rests}</span>
          </>
        )}
        {edit.reachMm !== null && (
          <span className={classes.depth}>
            {t("edit.depth")}
            {(["below", "above"] as const).map((side) => {
              const [below, above] = edit.reachMm ?? [0, 0];
              return (
                <input
                  key={side}
                  type="number"
                  min={0}
                  step={0.5}
                  aria-label={t(`edit.${side}`)}
                  title={t(`edit.${side}`)}
                  value={Math.abs(side === "below" ? below : above).toFixed(1)}
                  onChange={(event) => {
                    const mm = Math.max(0, Number(event.currentTarget.value));
                    if (Number.isFinite(mm)) set({ reachMm: side === "below" ? [-mm, above] : [below, mm] });
                  }}
                />
              );
            })}
            mm
          </span>
        )}
        <span className={classes.buttons}>
          <Button size="compact-sm" color="moss" loading={save.isPending} onClick={keep}>
            {t("edit.keep")}
          </Button>
          <Button size="compact-sm" variant="default" onClick={endEdit}>
            {t("edit.leave")}
          </Button>
        </span>
      </div>
    </>
  );
}
