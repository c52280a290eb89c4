/** Light or dark, as whoever sits at this screen chose: a setting of the screen and its room, not of the account. */
import { useMediaQuery } from "@mantine/hooks";
import { useSyncExternalStore } from "react";

/** Pages with images on them are read in the dark; all others are of the office. */
export type PageKind = "office" | "reading";
export const BRIGHTNESSES = ["light", "dark", "system"] as const;
export type Brightness = (typeof BRIGHTNESSES)[number];

const UNCHOSEN: Readonly<Record<PageKind, Brightness>> = { office: "light", reading: "dark" };
const remembered = (kind: PageKind) => `teleconsult.brightness.${kind}`;
const listeners = new Set<() => void>();

function chosen(kind: PageKind): Brightness {
  const value = localStorage.getItem(remembered(kind));
  return BRIGHTNESSES.find((one) => one === value) ?? UNCHOSEN[kind];
}

export function choose(kind: PageKind, brightness: Brightness) {
  localStorage.setItem(remembered(kind), brightness);
  listeners.forEach((listen) => listen());
}

/** The browser tells of what another tab chose; of this one's own choice it does not. */
function subscribe(listen: () => void) {
  listeners.add(listen);
  window.addEventListener("storage", listen);
  return () => {
    listeners.delete(listen);
    window.removeEventListener("storage", listen);
  };
}

export const useBrightness = (kind: PageKind) => useSyncExternalStore(subscribe, () => chosen(kind));

export function useColorScheme(kind: PageKind): "light" | "dark" {
  const brightness = useBrightness(kind);
  const systemIsDark = useMediaQuery("(prefers-color-scheme: dark)", false, { getInitialValueInEffect: false });
  if (brightness !== "system") return brightness;
  return systemIsDark ? "dark" : "light";
}
