import { Button } from "@mantine/core";
import { IconVolume } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { SessionState } from "../signaling/session";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import type { Sound } from "./useRemoteSound";

export interface CallBannerProps {
  /** Whose words: those for staff in the room, or those for a patient. Codes without a sentence there get a common one. */
  words: "room" | "visit";
  state: SessionState;
  joinError: unknown;
  onRetry: () => void;
  sound: Sound;
  /** What else stands in the way. */
  children?: ReactNode;
}

/** What stands between somebody and the call, each in one sentence; nothing where all is well. */
export function CallBanner({ words, state, joinError, onRetry, sound, children }: CallBannerProps) {
  const { t, i18n } = useTranslation(words);
  const { t: common } = useTranslation();
  const { t: room } = useTranslation("room");
  const say = useProblemText();
  const code = state.error?.code ?? "";
  const hasSentence = (key: string) => code !== "" && i18n.exists(key, { ns: words });
  return (
    <>
      {joinError !== null && (
        <Note tone="signal" alert>
          {say(joinError)}{" "}
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {common("retry")}
          </Button>
        </Note>
      )}
      {(state.status === "reconnecting" || (state.status === "connecting" && code !== "")) && (
        <Note tone="amber" alert>
          {code === "unreachable" ? t(`unreachable.${isSecureContext ? "https" : "http"}`) : t("reconnecting")}
        </Note>
      )}
      {state.status === "closed" && (
        <Note tone="signal" alert>
          {t(hasSentence(`closedBecause.${code}`) ? `closedBecause.${code}` : "closedBecause.other")}{" "}
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {room("rejoin")}
          </Button>
        </Note>
      )}
      {state.status === "connected" && hasSentence(`media.${code}`) && (
        <Note tone="amber" alert>
          {t(`media.${code}`)}
        </Note>
      )}
      {children}
      {sound.isBlocked && (
        <Note tone="amber" alert>
          {room("soundBlocked")}{" "}
          <Button size="compact-sm" leftSection={<IconVolume size={15} />} onClick={sound.unblock}>
            {room("soundOn")}
          </Button>
        </Note>
      )}
    </>
  );
}
