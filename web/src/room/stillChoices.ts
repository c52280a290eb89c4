/** Of which pictures in the room a still can be taken. Pure. */
import type { Participant } from "../signaling/session";

export interface StillChoice {
  participantId: string;
  source: "camera" | "screen";
  /** Null: one's own. */
  name: string | null;
  stream: MediaStream;
}

/** Who comes by a link: the record has no user whose camera it was, and the server refuses their stills. */
const BY_LINK: ReadonlySet<Participant["role"]> = new Set(["patient", "companion", "interpreter"]);

/**
 * Args:
 *     selfId: null while one's own camera is off.
 *     shown: whose faces are on the screen; of others no picture arrives.
 */
export function stillChoices(
  own: MediaStream | null,
  selfId: string | null,
  others: readonly Participant[],
  shown: readonly string[],
): StillChoice[] {
  const choices: StillChoice[] = [];
  for (const { id, displayName, role, screenStream, stream, video } of others) {
    if (BY_LINK.has(role)) continue;
    if (screenStream !== null) choices.push({ participantId: id, source: "screen", name: displayName, stream: screenStream });
    if (video && stream !== null && shown.includes(id))
      choices.push({ participantId: id, source: "camera", name: displayName, stream });
  }
  if (own !== null && selfId !== null) choices.push({ participantId: selfId, source: "camera", name: null, stream: own });
  return choices;
}

/** What tells two choices apart. */
export const keyOf = ({ participantId, source }: StillChoice) => `${source} ${participantId}`;
