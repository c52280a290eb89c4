/** Owns one Cornerstone3D stack viewport: makes it, drives it, says what it shows, destroys it. */
import { Enums, RenderingEngine, type StackViewport, type Types } from "@cornerstonejs/core";

import type { Series, StudyDetail } from "../api/types";
import { startCornerstone } from "./cornerstone";
import { isOnImage, toImage, UPRIGHT, type Box, type ImageToCanvas, type Point, type Turn, type View } from "./geometry";
import { factsOf, valueAt, voiOf } from "./imageFacts";
import { faultOf, SeriesLoader } from "./imageLoading";
import { alignEllipses, cancel, joinTools, leaveTools, setTool, type HandTool } from "./measurements";
import { screenScale } from "./screenScale";
import { indexOfImage, indexOfInstance, openingIndex, slicesOf } from "./slices";
import { NOTHING, type ChangeCause, type HoverReadout, type StackSnapshot } from "./stackSnapshot";
import { Store } from "./store";
import { clampZoom, toPresentation, toShownImage, toViewerState, type Presentation, type ShownImage, type ViewerState, type Window } from "./viewerState";
import { ownShades, present, presentationOf, transformOf } from "./viewport";

interface Want {
  index: number;
  presentation: Presentation | null;
  cause: ChangeCause | "followed";
}

/** Of the picture's shorter side, a box that is being worked on. */
const BOX_SHARE = 0.35;
const FITTED: View = { zoom: 1, panX: 0, panY: 0 };
let made = 0;

export class ImageStack {
  readonly snapshot = new Store<StackSnapshot>(NOTHING);
  /** How many slices are here: apart, because each word of it would draw all around the picture anew. */
  readonly loaded = new Store(0);
  readonly hover = new Store<HoverReadout | null>(null);

  readonly #id = `image-stack-${(made += 1)}`;
  #onChange: (cause: ChangeCause) => void = () => undefined;
  #studyInstanceUid = "";
  #element: HTMLDivElement | null = null;
  #engine: RenderingEngine | null = null;
  #viewport: StackViewport | null = null;
  #observer: ResizeObserver | null = null;
  #loader: SeriesLoader | null = null;
  #stackOf: SeriesLoader | null = null;
  #wanted: Want | null = null;
  #running = false;
  #tool: HandTool | null = null;
  #supersede: () => void = () => undefined;

  /** Start showing in `element`; what was asked for before appears in it.
   *
   * `onChange` is called after each change that a cause explains, never for a state that was followed.
   */
  async attach(element: HTMLDivElement, onChange: (cause: ChangeCause) => void): Promise<void> {
    this.#element = element;
    this.#onChange = onChange;
    await startCornerstone();
    if (this.#element !== element || this.#engine !== null) return;
    // Making a viewport takes a while, in which the first image comes.
    const { slices, wantedIndex } = this.snapshot.get();
    if (slices.length > 0) void this.#loader?.load(wantedIndex).catch(() => undefined);
    const engine = new RenderingEngine(this.#id);
    engine.enableElement({
      viewportId: this.#id,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    joinTools(this.#id, this.#id);
    setTool(this.#tool);
    this.#engine = engine;
    this.#viewport = engine.getViewport<StackViewport>(this.#id);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.#rendered);
    element.addEventListener("pointerdown", this.#pressed);
    this.#observer = new ResizeObserver(this.#resized);
    this.#observer.observe(element);
    void this.#run();
  }

  /** Stop and free everything; safe to call twice. */
  detach(): void {
    this.#loader?.stop();
    this.#observer?.disconnect();
    this.#element?.removeEventListener(Enums.Events.IMAGE_RENDERED, this.#rendered);
    this.#element?.removeEventListener("pointerdown", this.#pressed);
    if (this.#engine !== null) leaveTools(this.#id, this.#id);
    this.#engine?.destroy();
    this.#observer = this.#engine = this.#viewport = null;
    this.#element = null;
    this.#loader = null;
    this.#stackOf = null;
    this.#wanted = null;
    this.#supersede();
    this.snapshot.set(NOTHING);
    this.loaded.set(0);
  }

  /** Open a series at an instance (its middle otherwise), as it wants to be shown unless `state` says how; what is
   * loaded so tells nobody. */
  open(study: StudyDetail, series: Series, at: string | null, state: ShownImage | null, cause: ChangeCause): void {
    const slices = slicesOf(study, series);
    this.#loader?.stop();
    this.#studyInstanceUid = study.study_instance_uid;
    this.#loader = new SeriesLoader(slices, ({ loaded }) => this.loaded.set(loaded));
    const found = at === null ? -1 : indexOfImage(slices, { sopInstanceUid: at, frame: state?.sopInstanceUid === at ? state.frame : 0 });
    const index = found >= 0 ? found : openingIndex(slices.length);
    this.loaded.set(0);
    this.snapshot.set({ ...NOTHING, seriesInstanceUid: series.series_instance_uid, slices, wantedIndex: index });
    if (slices.length === 0) return;
    const presentation = state === null ? null : toPresentation(state);
    this.#want({ index, presentation, cause: state !== null && cause === "load" ? "followed" : cause });
  }

  /** True where exactly the slices of this series are open. */
  holds(study: StudyDetail, series: Series): boolean {
    const { slices, seriesInstanceUid } = this.snapshot.get();
    return (
      study.study_instance_uid === this.#studyInstanceUid &&
      series.series_instance_uid === seriesInstanceUid &&
      slicesOf(study, series).every((slice, index) => slice.imageId === slices[index]?.imageId) &&
      slicesOf(study, series).length === slices.length
    );
  }

  /** Show another slice; indices beyond the ends stop there. */
  goTo(index: number, cause: ChangeCause = "user"): void {
    const { slices, wantedIndex, fault } = this.snapshot.get();
    const target = Math.min(slices.length - 1, Math.max(0, index));
    if (target < 0 || (target === wantedIndex && fault === null)) return;
    this.#want({ index: target, presentation: null, cause });
  }

  step(by: number): void {
    this.goTo(this.snapshot.get().wantedIndex + by);
  }

  goToInstance(sopInstanceUid: string): void {
    const index = indexOfInstance(this.snapshot.get().slices, sopInstanceUid);
    if (index >= 0 && index === this.snapshot.get().wantedIndex) this.#onChange("user");
    else if (index >= 0) this.goTo(index);
  }

  /** Show what somebody else shows. Only the latest such state counts; none comes back by `onChange` unless the user asked. */
  follow(state: ShownImage, cause: Want["cause"] = "followed"): void {
    const { slices, wantedIndex } = this.snapshot.get();
    const wanted = slices[wantedIndex];
    const same = wanted?.sopInstanceUid === state.sopInstanceUid && wanted.frame === state.frame;
    const index = same ? wantedIndex : indexOfImage(slices, state);
    if (index >= 0) this.#want({ index, presentation: toPresentation(state), cause });
  }

  retry(): void {
    this.#want({ index: this.snapshot.get().wantedIndex, presentation: null, cause: "user" });
  }

  setWindow(window: Window): void {
    this.#change((shown) => ({ ...shown, window: { ...window, width: Math.max(1, window.width) } }));
  }

  setInvert(invert: boolean): void {
    this.#change((shown) => ({ ...shown, invert }));
  }

  zoomBy(factor: number): void {
    this.#change((shown) => ({ ...shown, view: { ...shown.view, zoom: clampZoom(shown.view.zoom * factor) } }));
  }

  /** Lay the image otherwise, as seen on the screen. */
  turn(next: (turn: Turn) => Turn): void {
    this.#change((shown) => ({ ...shown, turn: next(shown.turn) }));
  }

  /** How the image is shown and where it lies at this moment; null before the first. */
  seen(): { shown: Presentation; transform: ImageToCanvas } | null {
    const shown = this.#presentation();
    const transform = this.#viewport === null ? null : transformOf(this.#viewport);
    return shown === null || transform === null ? null : { shown, transform };
  }

  /** Show otherwise what is shown, as a picture beside it asks for: nobody is told. */
  adopt(next: (shown: Presentation, transform: ImageToCanvas) => Presentation): void {
    const seen = this.seen();
    if (this.#viewport === null || seen === null) return;
    present(this.#viewport, next(seen.shown, seen.transform));
    this.#viewport.render();
  }

  /** One image pixel on each pixel of the screen. */
  showPixels(): void {
    this.#zoomTo(1 / window.devicePixelRatio);
  }

  /** A millimetre of what the image measures on a millimetre of the screen. */
  showTrueSize(): void {
    const calibration = this.snapshot.get().shown?.facts.calibration;
    if (calibration === undefined || calibration.basis === "uncalibrated") return;
    this.#zoomTo(calibration.spacing[0] * screenScale.get().pixelsPerMm);
  }

  /** Bring a box of the stored image (pixel edges) to the middle, large enough to be worked on. */
  showBox([x0, y0, x1, y1]: Box): void {
    const { transform, shown } = this.snapshot.get();
    const element = this.#element;
    if (transform === null || shown === null || element === null) return;
    const seen = Math.max((x1 - x0) * Math.hypot(...transform.column), (y1 - y0) * Math.hypot(...transform.row));
    const wanted = Math.min(element.clientWidth, element.clientHeight) * BOX_SHARE;
    const { width, height } = shown.facts.size;
    this.#change((now) => ({
      ...now,
      view: {
        zoom: clampZoom(now.view.zoom * Math.max(1, wanted / Math.max(seen, 1))),
        panX: (x0 + x1 - width) / 2,
        panY: (y0 + y1 - height) / 2,
      },
    }));
  }

  /** Move the image by CSS pixels. */
  panBy([dx, dy]: Point): void {
    const viewport = this.#viewport;
    if (viewport === null || this.snapshot.get().shown === null) return;
    const [x, y] = viewport.getPan();
    viewport.setPan([x + dx, y + dy]);
    viewport.render();
    this.#onChange("user");
  }

  /** As it was when it opened, measurements kept. */
  reset(): void {
    const { stored } = this.snapshot.get();
    this.#change((shown) => ({ ...(stored ?? shown), view: FITTED, turn: UPRIGHT }), "reset");
  }

  /** Give the main button to a tool of Cornerstone; null: it only moves what stands. What is half drawn is given up. */
  setTool(tool: HandTool | null): void {
    this.#tool = tool;
    if (this.#engine === null) return;
    this.cancelDrawing();
    setTool(tool);
  }

  cancelDrawing(): void {
    if (this.#element instanceof HTMLDivElement) cancel(this.#element);
  }

  /** The image pixel under a point of the element (CSS px); null beside the image. */
  imagePoint(point: Point): Point | null {
    const { transform, shown } = this.snapshot.get();
    const at = transform === null ? null : toImage(transform, point);
    return at !== null && shown !== null && isOnImage(at, shown.facts.size) ? at : null;
  }

  pointAt(point: Point | null): void {
    const at = point === null ? null : this.imagePoint(point);
    const image = this.#viewport?.getCornerstoneImage();
    if (at === null || !image) {
      this.hover.set(null);
      return;
    }
    const [column, row] = [Math.round(at[0]), Math.round(at[1])];
    this.hover.set({ column, row, value: valueAt(image, column, row) });
  }

  /** What others need to see the same image the same way; null while nothing is shown. */
  image(): ShownImage | null {
    const { seriesInstanceUid, slices } = this.snapshot.get();
    const viewport = this.#viewport;
    const slice = viewport === null || this.#stackOf !== this.#loader ? undefined : slices[viewport.getCurrentImageIdIndex()];
    const shown = this.#presentation();
    if (seriesInstanceUid === null || slice === undefined || shown === null) return null;
    const { sopInstanceUid, frame } = slice;
    const place = { studyInstanceUid: this.#studyInstanceUid, seriesInstanceUid, sopInstanceUid, frame };
    return toShownImage(place, shown);
  }

  /** The same as the state of a screen that shows this picture alone. */
  state(findingId: string | null): ViewerState | null {
    const image = this.image();
    return image === null ? null : toViewerState(image, findingId);
  }

  #patch(part: Partial<StackSnapshot>): void {
    this.snapshot.set({ ...this.snapshot.get(), ...part });
  }

  #want(want: Want): void {
    this.#wanted = want;
    // An image that is there is on screen with the next frame, which tells of it: drawing the page before would delay it.
    if (this.#stackOf === this.#loader && this.#loader?.has(want.index) === true) {
      this.snapshot.prepare({ ...this.snapshot.get(), wantedIndex: want.index });
    } else this.#patch({ wantedIndex: want.index });
    this.#supersede();
    if (this.#viewport !== null) void this.#run();
  }

  /** One at a time, the latest wish next: a slow image never holds up the one that is wanted now. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let want = this.#wanted; want !== null && this.#viewport !== null; want = this.#wanted) {
        this.#wanted = null;
        await this.#show(want);
      }
    } finally {
      this.#running = false;
    }
  }

  async #show(want: Want): Promise<void> {
    const loader = this.#loader;
    if (loader === null) return;
    const superseded = new Promise<null>((resolve) => {
      this.#supersede = () => resolve(null);
    });
    let image: Types.IImage | null;
    try {
      image = await Promise.race([loader.load(want.index), superseded]);
    } catch (error) {
      if (loader === this.#loader && this.#wanted === null) this.#patch({ fault: faultOf(error) });
      return;
    }
    if (image !== null && loader === this.#loader) await this.#display(loader, image, want);
  }

  async #display(loader: SeriesLoader, image: Types.IImage, want: Want): Promise<void> {
    const viewport = this.#viewport;
    if (viewport === null) return;
    if (this.#stackOf === loader) {
      await viewport.setImageIdIndex(want.index);
      const shown = this.#presentation();
      // Windows stay from slice to slice; a table is one image's own.
      if (shown !== null && voiOf(image.imageId).tables.length > 0) present(viewport, { ...shown, ...ownShades(image) });
    } else {
      // Only once the viewport has the new stack may an index mean a slice of it.
      this.#stackOf = null;
      await viewport.setStack(
        this.snapshot.get().slices.map((slice) => slice.imageId),
        want.index,
      );
      this.#stackOf = loader;
      viewport.resetCamera();
      const stored = ownShades(image);
      present(viewport, { ...stored, view: FITTED, turn: UPRIGHT });
      this.#patch({ stored });
    }
    if (this.#viewport !== viewport || this.#loader !== loader) return;
    if (this.snapshot.get().fault !== null) this.#patch({ fault: null });
    if (want.presentation !== null) present(viewport, want.presentation);
    viewport.render();
    if (want.cause !== "followed") this.#onChange(want.cause);
  }

  #change(next: (shown: Presentation) => Presentation, cause: ChangeCause = "user"): void {
    const shown = this.#presentation();
    if (shown === null) return;
    if (this.#viewport === null) return;
    present(this.#viewport, next(shown));
    this.#viewport.render();
    this.#onChange(cause);
  }

  #presentation(): Presentation | null {
    return this.#viewport === null || this.#stackOf === null ? null : presentationOf(this.#viewport);
  }

  /** Zoom until a step from one column to the next is this many CSS pixels on the screen. */
  #zoomTo(pixelsPerColumn: number): void {
    const { transform } = this.snapshot.get();
    if (transform !== null) this.zoomBy(pixelsPerColumn / Math.hypot(...transform.column));
  }

  readonly #rendered = () => {
    const image = this.#viewport?.getCornerstoneImage();
    const { slices, seriesInstanceUid, shown } = this.snapshot.get();
    if (!image || seriesInstanceUid === null || this.#stackOf !== this.#loader) return;
    const index = slices.findIndex((slice) => slice.imageId === image.imageId);
    const slice = slices[index];
    if (slice === undefined) return;
    const facts =
      shown?.index === index && shown.seriesInstanceUid === seriesInstanceUid
        ? shown.facts
        : factsOf(image.imageId, { width: image.columns, height: image.rows });
    this.#patch({
      shown: { index, sopInstanceUid: slice.sopInstanceUid, frame: slice.frame, seriesInstanceUid, plane: facts.plane, facts },
      transform: this.#viewport === null ? null : transformOf(this.#viewport),
      presentation: this.#presentation(),
    });
  };

  readonly #pressed = () => {
    if (this.#viewport !== null) alignEllipses(this.#viewport);
  };

  readonly #resized = () => {
    // As it was drawn last: by now the element has its new size, and the viewport not yet. Resizing undoes turns too.
    const { presentation } = this.snapshot.get();
    this.#engine?.resize(true, false);
    if (presentation !== null && this.#viewport !== null) present(this.#viewport, presentation);
    this.#viewport?.render();
  };
}
