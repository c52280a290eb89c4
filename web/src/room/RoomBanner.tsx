import { Button } from "@mantine/core";
import { IconScreenShareOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Session, SessionState } from "../signaling/session";
import { Note } from "../ui/Note";
import { CallBanner } from "./CallBanner";
import classes from "./room.module.css";
import { useLine } from "./useLine";
import type { Sound } from "./useRemoteSound";
import type { OwnScreen } from "./useScreenShare";

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

/** What staff in a room are told: of the call, of a line that bears no picture, of their own screen. */
export function RoomBanner({ session, video, state, joinError, onRetry, sound, screen, children }: RoomBannerProps) {
  const { t } = useTranslation("room");
  const line = useLine(session);
  return (
    <div className={classes.banners}>
      {children}
      <CallBanner words="room" state={state} joinError={joinError} onRetry={onRetry} sound={sound}>
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
      </CallBanner>
    </div>
  );
}
