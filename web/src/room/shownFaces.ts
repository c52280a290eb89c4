/** Whose pictures are shown where the line does not carry all of them (last-N). Pure. */
import type { Share } from "../signaling/linePolicy";

/** As many pictures of others as the line bears, by how much of it images get: on a good one, what fits beside an image. */
const MOST: Readonly<Record<Share, number>> = { free: 8, limited: 4, paused: 2 };

export interface Watching {
  /** The others who send a picture, in the order of their coming. */
  senders: readonly string[];
  /** Who spoke, the last one first. */
  spoke: readonly string[];
  /** Who is seen in any case: who presents, and who is shown large. */
  always: readonly (string | null)[];
  share: Share;
}

/** Those whom one would miss most: shown in any case, then who spoke last, then who came first. */
export function shownFaces({ senders, spoke, always, share }: Watching): readonly string[] {
  const kept = senders.filter((id) => always.includes(id));
  const rank = (id: string) => (spoke.includes(id) ? spoke.indexOf(id) : Infinity);
  const rest = senders.filter((id) => !kept.includes(id)).sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  return [...kept, ...rest.slice(0, Math.max(0, MOST[share] - kept.length))];
}

/** The list with this one first. */
export const withSpeaker = (spoke: readonly string[], id: string): readonly string[] => [id, ...spoke.filter((one) => one !== id)];
