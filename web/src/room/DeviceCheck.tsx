import { Button } from "@mantine/core";
import { IconMicrophone, IconMicrophoneOff, IconVideo, IconVideoOff } from "@tabler/icons-react";
import { useEffect, useRef, useSyncExternalStore, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { canCall } from "../signaling/session";
import { DeviceChoice } from "./DeviceChoice";
import { DeviceFaults } from "./DeviceFaults";
import type { DeviceKind } from "./devices";
import { isSending, type LocalMedia } from "./localMedia";
import classes from "./room.module.css";
import { useSoundLevel } from "./useSoundLevel";

const ICONS = {
  audio: { on: IconMicrophone, off: IconMicrophoneOff },
  video: { on: IconVideo, off: IconVideoOff },
} as const;

function Device({ media, kind }: { media: LocalMedia; kind: DeviceKind }) {
  const { t } = useTranslation("room");
  const state = useSyncExternalStore(media.state.subscribe, media.state.get);
  const on = isSending(state, kind);
  const Symbol = on ? ICONS[kind].on : ICONS[kind].off;
  return (
    <div className={classes.device}>
      <Button
        px={8}
        variant={on ? "default" : "light"}
        color={on ? "gray" : "amber"}
        leftSection={<Symbol size={18} aria-hidden />}
        aria-pressed={on}
        onClick={() => void media.setWanted(kind, !on)}
      >
        {t(`device.${kind}.${on ? "on" : "off"}`)}
      </Button>
      <DeviceChoice media={media} kind={kind} />
    </div>
  );
}

export interface DeviceCheckProps {
  /** Whom and what the call is about. */
  about: ReactNode;
  /** How the line is. */
  line?: ReactNode;
  /** What one may do instead of entering. */
  instead?: ReactNode;
  /** What is said to whoever would go in without a microphone. */
  goOnWords: string;
  media: LocalMedia;
  onJoin: () => void;
  isJoining: boolean;
}

/** Before the room: see oneself, choose the devices, or go in without. */
export function DeviceCheck({ about, line, instead, goOnWords, media, onJoin, isJoining }: DeviceCheckProps) {
  const { t } = useTranslation("room");
  const state = useSyncExternalStore(media.state.subscribe, media.state.get);
  const preview = useRef<HTMLVideoElement>(null);
  const level = useSoundLevel(isSending(state, "audio") ? state.stream : null);
  const seen = isSending(state, "video");
  const heard = isSending(state, "audio");
  useEffect(() => {
    if (preview.current !== null && preview.current.srcObject !== state.stream) preview.current.srcObject = state.stream;
  }, [state.stream]);
  // Who does not answer the browser's question, or never sees it, gets in all the same.
  const isAsking = state.phase === "asking";
  const joinWords = isAsking ? "joinAsking" : seen && heard ? "join" : heard ? "joinWithoutVideo" : seen ? "joinWithoutAudio" : "joinWatching";
  return (
    <main className={classes.check}>
      <section className={classes.checkCard} aria-labelledby="check-title">
        <div className={classes.preview}>
          <video ref={preview} hidden={!seen} muted playsInline autoPlay data-testid="preview" />
          {!seen && (
            <span className={classes.previewOff}>
              <IconVideoOff size={34} stroke={1.4} aria-hidden />
              {t(isAsking ? "asking" : "device.video.off")}
            </span>
          )}
          {heard && (
            <div className={classes.level} title={t("level")} aria-hidden>
              <span style={{ scale: `${level} 1` }} />
            </div>
          )}
        </div>
        <div className={classes.checkSide}>
          <h1 id="check-title" className={classes.checkTitle}>
            {t("check.title")}
          </h1>
          {about}
          <Device media={media} kind="audio" />
          <Device media={media} kind="video" />
          <DeviceChoice media={media} kind="output" />
          <DeviceFaults media={media} />
          {!isAsking && !heard && canCall() && <p className={classes.lineChecking}>{goOnWords}</p>}
          {line}
          <div className={classes.checkActions}>
            <Button size="md" variant={isAsking ? "default" : "filled"} onClick={onJoin} loading={isJoining}>
              {t(joinWords)}
            </Button>
            {instead}
          </div>
        </div>
      </section>
    </main>
  );
}
