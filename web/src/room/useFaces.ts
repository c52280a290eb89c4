import { useState } from "react";

import type { Participant } from "../signaling/session";
import type { Share } from "../signaling/linePolicy";
import { largeFace } from "./largeFace";
import { shownFaces, withSpeaker } from "./shownFaces";

export interface FacesSituation {
  others: readonly Participant[];
  selfId: string | null;
  speakerId: string | null;
  presenterId: string | null;
  /** How much of the line images get. */
  share: Share;
}

export interface FacesShown {
  /** Whether one of the others is shown large. */
  hasLarge: boolean;
  toggleLarge: () => void;
  largeId: string | null;
  keptId: string | null;
  /** Keep this one large, or follow who speaks again. */
  keep: (id: string) => void;
  /** Whose pictures are shown. */
  shown: readonly string[];
}

/** Who is shown, and who of them large. One's own voice moves nothing. */
export function useFaces({ others, selfId, speakerId, presenterId, share }: FacesSituation): FacesShown {
  const [hasLarge, setLarge] = useState(false);
  const [keptId, setKept] = useState<string | null>(null);
  const [spoke, setSpoke] = useState<readonly string[]>([]);
  if (speakerId !== null && speakerId !== selfId && speakerId !== spoke[0]) setSpoke(withSpeaker(spoke, speakerId));
  const ids = others.map(({ id }) => id);
  const largeId = hasLarge ? largeFace({ others: ids, keptId, heardId: spoke[0] ?? null }) : null;
  const senders = others.filter(({ video, stream }) => video && stream !== null).map(({ id }) => id);
  return {
    hasLarge,
    toggleLarge: () => setLarge(!hasLarge),
    largeId,
    keptId: hasLarge ? keptId : null,
    keep: (id) => setKept(id === keptId ? null : id),
    shown: shownFaces({ senders, spoke, always: [largeId, presenterId], share }),
  };
}
