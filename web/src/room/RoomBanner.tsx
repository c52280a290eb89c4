import { Button } from "@mantine/core";
import { IconScreenShareOff, IconVolume } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Session, SessionState } from "../signaling/session";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./room.module.css";
import { useLine } from "./useLine";
import type { Sound } from "./useRemoteSound";
import type { OwnScreen } from "./useScreenShare";

/** Why a call ended for good: another try by itself would not help. */
const CLOSING_CODES: ReadonlySet<string> = new Set(["room-full", "room-locked", "replaced", "removed", "declined", "not-allowed", "flooded"]);
/** The room stands, but without sound and pictures. */
const MEDIA_CODES: ReadonlySet<string> = new Set(["media-failed", "no-webrtc"]);

export interface RoomBannerProps {
  session: Session | null;
  /** Whether the camera is on: who sends no picture misses none. */
  video: boolean;
  state: SessionState;
  joinError: unknown;
  onRetry: () => void;
  sound: Sound;
  screen: OwnScreen;
  children?: ReactNode;
}

/** What stands between the user and the call, each in one sentence; nothing where all is well. */
export function RoomBanner({ session, video, state, joinError, onRetry, sound, screen, children }: RoomBannerProps) {
  const { t } = useTranslation("room");
  const { t: common } = useTranslation();
  const say = useProblemText();
  const line = useLine(session);
  const code = state.error?.code ?? "";
  const isAway = state.status === "reconnecting" || (state.status === "connecting" && code !== "");
  return (
    <div className={classes.banners}>
      {children}
      {joinError !== null && (
        <Note tone="signal" alert>
          {say(joinError)}{" "}
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {common("retry")}
          </Button>
        </Note>
      )}
      {isAway && (
        <Note tone="amber" alert>
          {t("reconnecting")}
        </Note>
      )}
      {state.status === "closed" && (
        <Note tone="signal" alert>
          {t(CLOSING_CODES.has(code) ? `closedBecause.${code}` : "closedBecause.other")}{" "}
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t("rejoin")}
          </Button>
        </Note>
      )}
      {state.status === "connected" && MEDIA_CODES.has(code) && (
        <Note tone="amber" alert>
          {t(`media.${code}`)}
        </Note>
      )}
      {state.status === "connected" && video && line?.video === null && (
        <Note tone="amber" alert>
          {t(`line.level.${line.level}`)}
        </Note>
      )}
      {screen.isShared && (
        <Note tone="petrol">
          {t("screen.own")}{" "}
          <Button size="compact-sm" color="signal.7" leftSection={<IconScreenShareOff size={15} />} onClick={screen.stop}>
            {t("screen.stop")}
          </Button>
        </Note>
      )}
      {sound.isBlocked && (
        <Note tone="amber" alert>
          {t("soundBlocked")}{" "}
          <Button size="compact-sm" leftSection={<IconVolume size={15} />} onClick={sound.unblock}>
            {t("soundOn")}
          </Button>
        </Note>
      )}
    </div>
  );
}
