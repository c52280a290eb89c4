/** Reads from and puts on a stack viewport what the pure parts of the viewer speak of. */
import { Enums, utilities, type StackViewport, type Types } from "@cornerstonejs/core";

import { canvasShift, imageToCanvas, turnOf, type ImageToCanvas, type Point, type Size, type Turn, type View } from "./geometry";
import { factsOf, isInverse, voiOf } from "./imageFacts";
import { rangeOfWindow, readView, windowOfRange, type Presentation, type Window } from "./viewerState";
import { curveOf } from "./voi";

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
    window: windowOfRange(voiRange, voiOf(image.imageId).function),
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

function setView(viewport: StackViewport, view: View): void {
  const image = viewport.getCornerstoneImage() as Types.IImage | undefined;
  viewport.setZoom(view.zoom);
  const transform = transformOf(viewport);
  if (!image || transform === null) return;
  const [dx, dy] = canvasShift(transform, canvasOf(viewport), sizeOf(image), view);
  const [x, y] = viewport.getPan();
  viewport.setPan([x + dx, y + dy]);
}

/** Show the values of the image by its own function or table.
 *
 * Cornerstone knows ramps and sigmoids; a table goes into its ramp as more points.
 */
function setShades(viewport: StackViewport, image: Types.IImage, window: Window, invert: boolean): void {
  const voi = voiOf(image.imageId);
  const { LINEAR, SAMPLED_SIGMOID } = Enums.VOILUTFunctionType;
  const points = curveOf(voi, window);
  // The range first: Cornerstone samples the sigmoid from the range that is set when the curve is chosen.
  viewport.setProperties({ voiRange: rangeOfWindow(window, voi.function), invert });
  viewport.setProperties({ VOILUTFunction: points === null ? SAMPLED_SIGMOID : LINEAR });
  const actor = viewport.getDefaultActor()?.actor as unknown as
    | { getProperty: () => { getRGBTransferFunction: (component: number) => unknown } }
    | undefined;
  if (points === null || image.color || actor === undefined) return;
  const ramp = actor.getProperty().getRGBTransferFunction(0);
  utilities.transferFunctionUtils.setTransferFunctionNodes(
    ramp,
    points.map(([value, shade]) => {
      const shown = invert ? 1 - shade : shade;
      return [value, shown, shown, shown];
    }),
  );
}

export function present(viewport: StackViewport, { window, view, turn, invert }: Presentation): void {
  const image = viewport.getCornerstoneImage() as Types.IImage | undefined;
  if (image) setShades(viewport, image, window, invert);
  setTurn(viewport, turn);
  setView(viewport, view);
}

/** How an image itself wants to be shown: by its first window or table, or by its whole range where it has none. */
export function ownShades(image: Types.IImage): { window: Window; invert: boolean } {
  const { storedWindows } = factsOf(image.imageId, sizeOf(image));
  const whole = { lower: image.minPixelValue, upper: image.maxPixelValue };
  const { center, width } = storedWindows[0] ?? windowOfRange(whole, voiOf(image.imageId).function);
  return { window: { center, width }, invert: isInverse(image.imageId) };
}
