/** The first picture on an empty page, where the viewer will have it. */
import type { FirstPicture } from "./firstPicture";
import { draw } from "./pictures";

/** Of the screen's pixels, from the top left of the window. */
interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
}

const KEY = "teleconsult.picture-place";
const windowSize = () => `${window.innerWidth}x${window.innerHeight}`;
/** What stands around the picture in a wide window (CSS px): header and banner, list of series, findings and slider, footer. */
const AROUND = { top: 140, left: 232, right: 350, bottom: 25 };
/** Of a narrower one only a page that was open before says where the picture stands. */
const WIDE_PX = 1200;

let shown: HTMLElement | null = null;
let isOver = false;

/** Where pictures stand in a window of this size. */
export function rememberPlace({ left, top, width, height }: Place): void {
  localStorage.setItem(KEY, JSON.stringify({ [windowSize()]: { left, top, width, height } }));
}

function isPlace(value: unknown): value is Place {
  return typeof value === "object" && value !== null && ["left", "top", "width", "height"].every((name) => typeof (value as Record<string, unknown>)[name] === "number");
}

function placeNow(): Place | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    const place = kept[windowSize()];
    if (isPlace(place)) return place;
  } catch {
    // Nothing that we wrote.
  }
  const { innerWidth, innerHeight } = window;
  if (innerWidth < WIDE_PX) return null;
  const { left, top, right, bottom } = AROUND;
  return { left, top, width: innerWidth - left - right, height: innerHeight - top - bottom };
}

/** Draw it over the page that is coming, until `takeAway`. */
export function showAhead(picture: FirstPicture): void {
  const place = placeNow();
  if (place === null || shown !== null || isOver) return;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.columns, height: picture.rows });
  canvas.setAttribute("data-first-picture", "");
  canvas.style.cssText = "display: block; width: round(down, 100%, 1px); height: round(down, 100%, 1px); object-fit: contain";
  shown = document.createElement("div");
  shown.setAttribute("aria-hidden", "true");
  shown.dataset["testid"] = "picture-ahead";
  // Below dialogs and menus.
  shown.style.cssText = "position: fixed; z-index: 50; overflow: hidden; background: #000; pointer-events: none";
  for (const [name, value] of Object.entries(place)) shown.style.setProperty(name, `${value}px`);
  shown.append(canvas);
  draw(canvas, picture);
  document.documentElement.append(shown);
}

/** Somebody else draws it now, or another page is shown; none comes afterwards. */
export function takeAway(): void {
  shown?.remove();
  isOver = true;
}
