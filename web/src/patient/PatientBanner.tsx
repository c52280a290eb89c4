import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Sound } from "../room/useRemoteSound";
import type { SessionState } from "../signaling/session";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./visit.module.css";

const CLOSING: ReadonlySet<string> = new Set(["room-full", "room-locked", "replaced", "removed", "declined"]);
const MEDIA: ReadonlySet<string> = new Set(["media-failed", "no-webrtc"]);

export interface PatientBannerProps {
  state: SessionState;
  joinError: unknown;
  onRetry: () => void;
  sound: Sound;
}

/** What stands between the patient and the call, each in one sentence; nothing where all is well. */
export function PatientBanner({ state, joinError, onRetry, sound }: PatientBannerProps) {
  const { t } = useTranslation("visit");
  const { t: common } = useTranslation();
  const { t: room } = useTranslation("room");
  const say = useProblemText();
  const code = state.error?.code ?? "";
  return (
    <div className={classes.banners}>
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
          {t("reconnecting")}
        </Note>
      )}
      {state.status === "closed" && (
        <Note tone="signal" alert>
          {t(CLOSING.has(code) ? `closed.${code}` : "closed.other")}{" "}
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {room("rejoin")}
          </Button>
        </Note>
      )}
      {state.status === "connected" && MEDIA.has(code) && (
        <Note tone="amber" alert>
          {t(`media.${code}`)}
        </Note>
      )}
      {sound.isBlocked && (
        <Note tone="amber" alert>
          {room("soundBlocked")}{" "}
          <Button size="compact-sm" onClick={sound.unblock}>
            {room("soundOn")}
          </Button>
        </Note>
      )}
    </div>
  );
}
