import { notifications } from "@mantine/notifications";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Session, SessionState } from "../signaling/session";
import { ScreenShare } from "./screenShare";

export interface OwnScreen {
  isShared: boolean;
  start: () => void;
  stop: () => void;
}

/** The user's own screen in this session, for as long as the component lives. */
export function useScreenShare(session: Session | null, error: SessionState["error"]): OwnScreen {
  const { t } = useTranslation("room");
  const [share] = useState(() => new ScreenShare());
  const stream = useSyncExternalStore(share.stream.subscribe, share.stream.get);
  useEffect(() => {
    void session?.setScreen(stream);
  }, [session, stream]);
  useEffect(() => {
    if (error?.code !== "screen-taken") return;
    share.stop();
    notifications.show({ message: t("screen.taken"), position: "top-center" });
  }, [share, error, t]);
  useEffect(() => share.stop, [share]);
  const start = () => {
    share.start().catch(() => notifications.show({ message: t("screen.failed"), color: "signal", position: "top-center" }));
  };
  return { isShared: stream !== null, start, stop: share.stop };
}
