/** Reads from and puts on a stack viewport what the pure parts of the viewer speak of. */
import { Enums, type StackViewport, type Types } from "@cornerstonejs/core";

import { canvasShift, imageToCanvas, turnOf, type ImageToCanvas, type Point, type Size, type Turn, type View } from "./geometry";
import { factsOf } from "./imageFacts";
import { rangeOfWindow, readView, windowOfRange, type Presentation, type Window } from "./viewerState";

const canvasOf = (viewport: StackViewport): Size => ({
  width: viewport.element.clientWidth,
  height: viewport.element.clientHeight,
});
const sizeOf = (image: Types.IImage): Size => ({ width: image.columns, height: image.rows });

/** Null before the first image. */
export function transformOf(viewport: StackViewport): ImageToCanvas | null {
  const data = (viewport.getImageData() as Types.IImageData | undefined)?.imageData;
  if (!data) return null;
  const at = (column: number, row: number): Point =>
    viewport.worldToCanvas(data.indexToWorld([column, row, 0]) as Types.Point3);
  return imageToCanvas(at(0, 0), at(1, 0), at(0, 1));
}

export function presentationOf(viewport: StackViewport): Presentation | null {
  const image = viewport.getCornerstoneImage() as Types.IImage | undefined;
  const transform = transformOf(viewport);
  const { voiRange, invert } = viewport.getProperties();
  if (!image || transform === null || !voiRange) return null;
  return {
    window: windowOfRange(voiRange),
    view: readView(transform, canvasOf(viewport), sizeOf(image), viewport.getZoom()),
    turn: turnOf(transform),
    invert: invert ?? false,
  };
}

function setTurn(viewport: StackViewport, { rotation, flip }: Turn): void {
  const transform = transformOf(viewport);
  const now = transform === null ? null : turnOf(transform);
  if (now === null || (now.rotation === rotation && now.flip === flip)) return;
  // The flip by the camera: that of setViewPresentation can be set and never taken back.
  viewport.setCamera({ flipHorizontal: flip, flipVertical: false });
  viewport.setViewPresentation({ rotation });
}

export function setView(viewport: StackViewport, view: View): void {
  const image = viewport.getCornerstoneImage() as Types.IImage | undefined;
  viewport.setZoom(view.zoom);
  const transform = transformOf(viewport);
  if (!image || transform === null) return;
  const [dx, dy] = canvasShift(transform, canvasOf(viewport), sizeOf(image), view);
  const [x, y] = viewport.getPan();
  viewport.setPan([x + dx, y + dy]);
}

export function present(viewport: StackViewport, { window, view, turn, invert }: Presentation): void {
  viewport.setProperties({ voiRange: rangeOfWindow(window), invert });
  setTurn(viewport, turn);
  setView(viewport, view);
}

/** Show an image by its own first window and curve, or by its whole range where it has none. */
export function showOwnWindow(viewport: StackViewport, image: Types.IImage): Window {
  const { storedWindows, isSigmoid } = factsOf(image.imageId, sizeOf(image));
  const window = storedWindows[0] ?? windowOfRange({ lower: image.minPixelValue, upper: image.maxPixelValue });
  const { LINEAR, SAMPLED_SIGMOID } = Enums.VOILUTFunctionType;
  // All of it set by name: what was set by hand would otherwise stay for the next series, and
  // Cornerstone's resetProperties fails on a viewport without a colour map.
  // The range first: Cornerstone samples the sigmoid from the range that is set when the curve is chosen.
  viewport.setProperties({ voiRange: rangeOfWindow(window), invert: image.invert });
  viewport.setProperties({ VOILUTFunction: isSigmoid ? SAMPLED_SIGMOID : LINEAR });
  return { center: window.center, width: window.width };
}
