/** Named windows, each under a number key. Pure. */
import type { Window } from "./viewerState";

export type PresetName = "lung" | "mediastinum" | "bone" | "default";

export interface Preset {
  key: string;
  name: PresetName | null;
  /** The words that the image itself carries for this window (WindowCenterWidthExplanation). */
  explanation: string | null;
  /** Null: as the image says. */
  window: Window | null;
}

/** In HU. */
const CT_WINDOWS: readonly [PresetName, Window | null][] = [
  ["lung", { center: -600, width: 1500 }],
  ["mediastinum", { center: 40, width: 400 }],
  ["bone", { center: 400, width: 1800 }],
  ["default", null],
];

export interface StoredWindow extends Window {
  explanation: string | null;
}

/** HU windows for a CT; for everything else those that came with the image. */
export function presetsFor(modality: string, stored: readonly StoredWindow[]): Preset[] {
  if (modality === "CT") {
    return CT_WINDOWS.map(([name, window], index) => ({ key: String(index + 1), name, explanation: null, window }));
  }
  const [, ...others] = stored;
  return [
    { key: "1", name: "default", explanation: stored[0]?.explanation ?? null, window: null },
    ...others.slice(0, 3).map(({ center, width, explanation }, index) => ({
      key: String(index + 2),
      name: null,
      explanation,
      window: { center, width },
    })),
  ];
}

export const isPresetShown = (preset: Preset, shown: Window | null, stored: Window | null): boolean => {
  const wanted = preset.window ?? stored;
  return (
    shown !== null &&
    wanted !== null &&
    Math.abs(wanted.center - shown.center) < 0.51 &&
    Math.abs(wanted.width - shown.width) < 0.51
  );
};
