/** How large a CSS pixel is on this screen, as its user has measured it. */
import { Store } from "./store";

const REMEMBERED = "teleconsult.pixels-per-mm";
/** What CSS assumes of a screen nobody has measured: 96 pixels in an inch. */
const ASSUMED = 96 / 25.4;
export const SCALE_LEAST = 2;
export const SCALE_MOST = 12;

export interface ScreenScale {
  /** CSS pixels. */
  pixelsPerMm: number;
  isMeasured: boolean;
}

function remembered(): ScreenScale {
  const value = Number(localStorage.getItem(REMEMBERED));
  const isMeasured = value >= SCALE_LEAST && value <= SCALE_MOST;
  return { pixelsPerMm: isMeasured ? value : ASSUMED, isMeasured };
}

export const screenScale = new Store<ScreenScale>(remembered());

export function rememberScale(pixelsPerMm: number): void {
  localStorage.setItem(REMEMBERED, String(pixelsPerMm));
  screenScale.set({ pixelsPerMm, isMeasured: true });
}
