import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Session } from "../signaling/session";
import type { Participant } from "../signaling/sessionState";

/** What the tile of another participant says and shows, in the room as on the patient's page. */
export function useTiles(
  session: Session | null,
  shown: readonly string[],
  still: readonly string[],
  speakerId: string | null,
) {
  const { t } = useTranslation("room");
  // The same function as long as the session is the same: a new one would take every picture's size anew.
  const onSize = useMemo(() => session?.sizePicture.bind(session), [session]);
  return (each: Participant) => ({
    participantId: each.id,
    name: each.displayName,
    duty: t(`role.${each.role}`),
    isReconnecting: each.reconnecting,
    line: each.line,
    stream: each.stream,
    hasVideo: shown.includes(each.id),
    isLeftOut: each.video && each.stream !== null && !shown.includes(each.id),
    hasAudio: each.audio,
    isStill: still.includes(each.id),
    isSelf: false,
    spokeLast: each.id === speakerId && each.audio,
    onSize,
  });
}
