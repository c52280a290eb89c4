import { useSyncExternalStore } from "react";

import type { Share } from "../signaling/linePolicy";
import type { LineView, Session } from "../signaling/session";

const never = () => () => undefined;
const NOBODY: readonly string[] = [];

/** How the line is, each second anew; null without a session. */
export const useLine = (session: Session | null): LineView | null =>
  useSyncExternalStore(session?.line.subscribe ?? never, () => session?.line.get() ?? null);

/** Whose picture stands still; changes only when that does. */
export const useStillPictures = (session: Session | null): readonly string[] =>
  useSyncExternalStore(session?.line.subscribe ?? never, () => session?.line.get().still ?? NOBODY);

/** How much of the line images get; changes only when that does. */
export const useImageShare = (session: Session | null): Share =>
  useSyncExternalStore(session?.line.subscribe ?? never, () => session?.line.get().images ?? "free");
