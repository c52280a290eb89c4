import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDoorExit, IconHandStop, IconMicrophone, IconMicrophoneOff, IconVideo, IconVideoOff } from "@tabler/icons-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { Appointment, Phase, Visit } from "../api/visit";
import { LanguageSwitch } from "../app/LanguageSwitch";
import { screenOf } from "../signaling/reducer";
import { CallBanner } from "../room/CallBanner";
import { DeviceMenu } from "../room/DeviceMenu";
import { LineQuality } from "../room/LineQuality";
import { isSending, type LocalMedia } from "../room/localMedia";
import { RecordingDialog } from "../room/RecordingDialog";
import { RecordingMark } from "../room/RecordingMark";
import { Round } from "../room/Round";
import { SharedScreen } from "../room/SharedScreen";
import { useFaces } from "../room/useFaces";
import { useImageShare, useStillPictures } from "../room/useLine";
import { useRecordingNews } from "../room/useRecordingNews";
import { useRemoteSound } from "../room/useRemoteSound";
import { useRoomSession } from "../room/useRoomSession";
import { useStillNews } from "../room/useStillNews";
import { useTiles } from "../room/useTiles";
import { VideoTile } from "../room/VideoTile";
import { VisitFrame } from "./VisitFrame";
import classes from "./visit.module.css";
import { WithdrawDialog } from "./WithdrawDialog";

export interface PatientCallProps {
  visit: Visit;
  appointment: Appointment;
  media: LocalMedia;
  onPhase: (phase: Phase) => void;
  onChanged: () => void;
  onLeave: () => void;
}

/** The waiting room and the call as a patient has them: faces, and a screen that a doctor shares; no images. */
export function PatientCall({ visit, appointment, media, onPhase, onChanged, onLeave }: PatientCallProps) {
  const { t } = useTranslation("visit");
  const { t: room } = useTranslation("room");
  const local = useSyncExternalStore(media.state.subscribe, media.state.get);
  const [audio, video] = [isSending(local, "audio"), isSending(local, "video")];
  const onMuted = () => {
    void media.setWanted("audio", false);
    notifications.show({ message: room("mutedByModerator"), position: "top-center" });
  };
  const sending = { stream: local.stream, audio, video };
  const { session, state, error, retry } = useRoomSession(visit, sending, onMuted);
  const [isWithdrawing, setWithdrawing] = useState(false);
  const sound = useRemoteSound(state.participants, state.selfId, local.output.deviceId);
  const still = useStillPictures(session);
  useRecordingNews(state.recording);
  useStillNews(state);
  const isIn = state.status === "connected" || state.status === "reconnecting";
  const phase: Phase = isIn ? "in-call" : "waiting";
  useEffect(() => onPhase(phase), [onPhase, phase]);

  const others = state.participants.filter(({ id }) => id !== state.selfId);
  const { selfId, speakerId, presenterId } = state;
  const faces = useFaces({ others, selfId, speakerId, presenterId, share: useImageShare(session) });
  const sharer = others.find(({ screenStream }) => screenStream !== null);
  const withdrawal = appointment.kind === "patient" && (
    <WithdrawDialog visit={visit} opened={isWithdrawing} onClose={() => setWithdrawing(false)} onDone={onChanged} />
  );
  const tileOf = useTiles(session, faces.shown, still, speakerId);
  const banner = (
    <div className={classes.banners}>
      <CallBanner words="visit" state={state} joinError={error} onRetry={retry} sound={sound} />
    </div>
  );
  if (!isIn) {
    return (
      <VisitFrame title={t(state.status === "waiting" ? "waiting.title" : "waiting.connecting")}>
        {banner}
        <p className={classes.text} role="status">
          {t("waiting.text")}
        </p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={onLeave}>
            {t("back")}
          </Button>
          {withdrawal && (
            <Button variant="subtle" color="signal" onClick={() => setWithdrawing(true)}>
              {t("withdraw.button")}
            </Button>
          )}
        </div>
        {withdrawal}
      </VisitFrame>
    );
  }
  return (
    <div className={classes.call} data-status={state.status}>
      <header className={classes.callTop}>
        <LineQuality session={session} />
        <RecordingMark room={state} onStep={(step) => session?.step(step)} />
        <LanguageSwitch />
      </header>
      {banner}
      <main className={classes.stage} data-count={Math.min(others.length, 3)}>
        {others.map((each) => (
          <VideoTile
            key={each.id}
            {...tileOf(each)}
            isPresenter={false}
            isLarge={false}
            keeping={null}
            colour="transparent"
          />
        ))}
        {others.length === 0 && <p className={classes.alone}>{t("alone")}</p>}
        {sharer?.screenStream && (
          <SharedScreen
            key={sharer.id}
            name={sharer.displayName}
            stream={sharer.screenStream}
            isStill={sharer.line === "poor" && still.includes(screenOf(sharer.id))}
          />
        )}
        <div className={classes.self}>
          <VideoTile
            participantId={selfId ?? "self"}
            name={appointment.name}
            duty=""
            isReconnecting={false}
            line={null}
            stream={local.stream}
            hasVideo={video}
            hasAudio={audio}
            isStill={false}
            isSelf
            isPresenter={false}
            spokeLast={false}
            isLarge={false}
            isLeftOut={false}
            keeping={null}
            colour="transparent"
          />
        </div>
      </main>
      <div className={classes.bar} role="toolbar" aria-label={t("toolbar")}>
        <div className={classes.rounds}>
          <Round
            label={room(audio ? "mute" : "unmute")}
            icon={audio ? IconMicrophone : IconMicrophoneOff}
            pressed={audio}
            {...(audio ? {} : { tone: "off" as const })}
            onPress={() => void media.setWanted("audio", !audio)}
          />
          <Round
            label={room(video ? "cameraOff" : "cameraOn")}
            icon={video ? IconVideo : IconVideoOff}
            pressed={video}
            {...(video ? {} : { tone: "off" as const })}
            onPress={() => void media.setWanted("video", !video)}
          />
          <DeviceMenu media={media} />
        </div>
        <Menu position="top-end">
          <Menu.Target>
            <Button color="signal.7" leftSection={<IconDoorExit size={18} aria-hidden />}>
              {room("leave")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconDoorExit size={16} aria-hidden />} onClick={onLeave}>
              {t("leaveCall")}
            </Menu.Item>
            {withdrawal && (
              <Menu.Item leftSection={<IconHandStop size={16} aria-hidden />} onClick={() => setWithdrawing(true)}>
                {t("withdraw.button")}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </div>
      <RecordingDialog room={state} onStep={(step) => session?.step(step)} />
      {withdrawal}
    </div>
  );
}
