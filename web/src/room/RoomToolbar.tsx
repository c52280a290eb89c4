import { Button, Indicator, Tooltip } from "@mantine/core";
import {
  IconArrowBackUp,
  IconCameraPlus,
  IconDoorExit,
  IconHandFinger,
  IconHandFingerOff,
  IconLayoutSidebarRight,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconPlayerRecord,
  IconPresentation,
  IconScreenShare,
  IconScreenShareOff,
  IconVideo,
  IconVideoOff,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import type { ViewerState } from "../signaling/messages";
import { DeviceMenu } from "./DeviceMenu";
import type { LocalMedia } from "./localMedia";
import type { Look, PresenterPlace, PresentingWay } from "./look";
import classes from "./room.module.css";
import { Round } from "./Round";
import type { OwnScreen } from "./useScreenShare";

/** What the key of presenting does; for who presents it hands over to who asks (PresentingAsked). */
const PRESENT_WORDS = { take: "present", ask: "askPresent.ask", asked: "askPresent.withdraw" } as const;

export interface RoomToolbarProps {
  audio: boolean;
  video: boolean;
  media: LocalMedia;
  onAudio: () => void;
  onVideo: () => void;
  look: Look;
  presenterName: string | null;
  /** For who looks elsewhere; null for everybody else. */
  presenterPlace: PresenterPlace | null;
  /** How the user may come to present. */
  way: PresentingWay;
  /** What the presenter's hand holds; null where that is not known. */
  presenterTool: ViewerState["tool"];
  maySend: boolean;
  mayPoint: boolean;
  screen: OwnScreen;
  mayShareScreen: boolean;
  /** Who else shares a screen at the moment. */
  sharer: string | null;
  /** How many wait to be let in by this user. */
  waitingCount: number;
  /** Ask everybody whether they may be recorded; null where the user may not, or it is under way. */
  onRecord: (() => void) | null;
  /** Take a still picture; null where the user may not. */
  onStill: (() => void) | null;
  /** Whether there is a picture of which one could be taken. */
  hasPictures: boolean;
  onPresent: () => void;
  onReturn: () => void;
  pointing: boolean;
  onPointing: () => void;
  panelShown: boolean;
  onPanel: () => void;
  onLeave: () => void;
  /** Null where the user may not end the consult. */
  onEnd: (() => void) | null;
}

export function RoomToolbar(props: RoomToolbarProps) {
  const { audio, video, look, presenterName, pointing, panelShown, waitingCount, onEnd, screen, sharer } = props;
  const { t } = useTranslation("room");
  const onScreen = screen.isShared ? screen.stop : screen.start;
  useKeys({ [KEYS.room.screen]: onScreen }, props.mayShareScreen && (screen.isShared || sharer === null));
  const onStill = props.hasPictures ? props.onStill : null;
  useKeys({ [KEYS.room.still]: () => onStill?.() }, onStill !== null);
  useKeys({ [KEYS.room.return]: props.onReturn }, look === "free");
  useKeys({ [KEYS.room.present]: props.onPresent }, props.way !== null);
  const lookWords =
    look === "following" && presenterName === null ? t("look.nobody") : t(`look.${look}`, { name: presenterName ?? "" });
  return (
    <div className={classes.bar} role="toolbar" aria-label={t("toolbar")}>
      <div className={classes.barGroup}>
        {props.maySend && (
          <>
            <Round
              label={t(audio ? "mute" : "unmute")}
              icon={audio ? IconMicrophone : IconMicrophoneOff}
              pressed={audio}
              {...(audio ? {} : { tone: "off" as const })}
              onPress={props.onAudio}
            />
            <Round
              label={t(video ? "cameraOff" : "cameraOn")}
              icon={video ? IconVideo : IconVideoOff}
              pressed={video}
              {...(video ? {} : { tone: "off" as const })}
              onPress={props.onVideo}
            />
            <DeviceMenu media={props.media} />
          </>
        )}
        {props.mayPoint && (
          <Round
            label={t(pointing ? "pointerOff" : "pointerOn")}
            icon={pointing ? IconHandFinger : IconHandFingerOff}
            pressed={pointing}
            onPress={props.onPointing}
          />
        )}
        {props.onStill !== null && (
          <Round
            label={t(props.hasPictures ? "still:take" : "still:nothing")}
            icon={IconCameraPlus}
            shortcut={KEYS.room.still}
            disabled={!props.hasPictures}
            onPress={props.onStill}
          />
        )}
        {props.onRecord !== null && (
          <Round label={t("recording.ask")} icon={IconPlayerRecord} onPress={props.onRecord} />
        )}
        {props.mayShareScreen && (
          <Round
            label={
              sharer !== null ? t("screen.busy", { name: sharer }) : t(screen.isShared ? "screen.stop" : "screen.share")
            }
            icon={screen.isShared ? IconScreenShareOff : IconScreenShare}
            pressed={screen.isShared}
            shortcut="D"
            disabled={sharer !== null && !screen.isShared}
            onPress={onScreen}
          />
        )}
      </div>
      <div className={classes.look} data-look={look} data-testid="look">
        <span className={classes.lookWords} role="status">
          {lookWords}
        </span>
        {props.presenterTool !== null && (
          <span className={classes.lookWords} data-testid="presenter-tool">
            {t("look.tool", { tool: t(`viewer:tool.${props.presenterTool}`) })}
          </span>
        )}
        {props.presenterPlace !== null && (
          <span className={classes.lookWords} data-testid="presenter-place">
            {t(`place.${props.presenterPlace.kind}`, { ...props.presenterPlace, name: presenterName ?? "" })}
          </span>
        )}
        {look === "free" && (
          <Tooltip label={`${t("return")} (Y)`}>
            <Button
              size="xs"
              leftSection={<IconArrowBackUp size={16} />}
              aria-keyshortcuts="Y"
              onClick={props.onReturn}
            >
              {t("return")}
            </Button>
          </Tooltip>
        )}
        {props.way !== null && (
          <Tooltip label={`${t(PRESENT_WORDS[props.way])} (${KEYS.room.present})`}>
            <Button
              size="xs"
              variant={props.way === "asked" ? "light" : "default"}
              leftSection={<IconPresentation size={16} />}
              aria-keyshortcuts={KEYS.room.present}
              onClick={props.onPresent}
            >
              {t(PRESENT_WORDS[props.way])}
            </Button>
          </Tooltip>
        )}
      </div>
      <div className={classes.barGroup}>
        <Indicator label={waitingCount} size={18} disabled={waitingCount === 0} color="amber.7">
          <Round
            label={[t(panelShown ? "hidePanel" : "showPanel"), waitingCount > 0 && t("waitingRoom.count", { count: waitingCount })]
              .filter(Boolean)
              .join(", ")}
            icon={IconLayoutSidebarRight}
            pressed={panelShown}
            onPress={props.onPanel}
          />
        </Indicator>
        <Button
          className={classes.wordy}
          variant="default"
          leftSection={<IconDoorExit size={18} aria-hidden />}
          aria-label={t("leave")}
          onClick={props.onLeave}
        >
          {t("leave")}
        </Button>
        {onEnd !== null && (
          <Button
            className={classes.wordy}
            color="signal.7"
            leftSection={<IconPhoneOff size={18} aria-hidden />}
            aria-label={t("end.button")}
            onClick={onEnd}
          >
            {t("end.button")}
          </Button>
        )}
      </div>
    </div>
  );
}
