import { IconMicrophoneOff, IconPin, IconPinFilled, IconPlugConnectedX, IconPresentation } from "@tabler/icons-react";
import { ActionIcon } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import type { Word } from "../signaling/session";
import { LineMark } from "./LineMark";
import classes from "./room.module.css";
import { useStream } from "./useStream";

const LARGEST_PX = 4096;

export interface VideoTileProps {
  participantId: string;
  name: string;
  /** The participant's role, in words. */
  duty: string;
  stream: MediaStream | null;
  hasVideo: boolean;
  hasAudio: boolean;
  /** There is a picture, and our line does not bear it. */
  isLeftOut: boolean;
  /** The last picture is shown, because no new one arrives. */
  isStill: boolean;
  isSelf: boolean;
  isPresenter: boolean;
  spokeLast: boolean;
  isLarge: boolean;
  /** Whether this one stays the large one whoever speaks, and how to change that; null where none is large. */
  keeping: { isKept: boolean; toggle: () => void } | null;
  isReconnecting: boolean;
  /** How this participant's line is, where it is known. */
  line: Word | null;
  colour: string;
  /** A still is about to be taken of it: it is wanted as large as there is. */
  isAimedAt?: boolean;
  /** How large the picture is seen: the longer side in pixels of the screen, 0 while it is hidden; null at the end. */
  onSize?: ((participantId: string, sidePx: number | null) => void) | undefined;
}

export function VideoTile(props: VideoTileProps) {
  const { participantId, name, duty, stream, hasVideo, hasAudio, isStill, isSelf, isPresenter, spokeLast, isLarge } = props;
  const { isLeftOut, keeping, isReconnecting, line, colour, onSize, isAimedAt = false } = props;
  const { t } = useTranslation("room");
  const video = useStream(stream);
  useEffect(() => {
    const element = video.current;
    if (element === null || onSize === undefined) return undefined;
    const observer = new ResizeObserver(() => {
      const side = Math.max(element.clientWidth, element.clientHeight) * devicePixelRatio;
      onSize(participantId, isAimedAt ? LARGEST_PX : Math.round(side));
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      onSize(participantId, null);
    };
  }, [video, participantId, onSize, isAimedAt]);
  const facts = [
    isSelf ? t("you") : null,
    isPresenter ? t("presenting") : null,
    spokeLast ? t("spokeLast") : null,
    hasAudio ? null : t("muted"),
    hasVideo && isStill ? t("line.stillPicture") : null,
    isLeftOut ? t("line.leftOut") : null,
    isReconnecting ? t("connection.reconnecting") : null,
    line === null ? null : t(`line.of.${line}`),
  ].filter(Boolean);
  return (
    <figure
      className={classes.tile}
      style={{ borderColor: colour }}
      data-spoke-last={spokeLast || undefined}
      data-large={isLarge || undefined}
      aria-label={[name, ...facts].join(", ")}
    >
      <video
        ref={video}
        className={classes.face}
        data-participant-id={participantId}
        data-self={isSelf || undefined}
        hidden={!hasVideo}
        muted
        playsInline
        autoPlay
      />
      {!hasVideo && (
        <span className={classes.initial} aria-hidden>
          {name.slice(0, 1).toUpperCase()}
        </span>
      )}
      {isLeftOut && <span className={classes.stillPicture}>{t("line.leftOut")}</span>}
      {hasVideo && isStill && <span className={classes.stillPicture}>{t("line.stillPicture")}</span>}
      {keeping !== null && (
        <ActionIcon
          className={classes.keep ?? ""}
          size="sm"
          variant="filled"
          color="dark"
          aria-label={t("keepLarge", { name })}
          aria-pressed={keeping.isKept}
          title={t("keepLarge", { name })}
          onClick={keeping.toggle}
        >
          {keeping.isKept ? <IconPinFilled size={14} aria-hidden /> : <IconPin size={14} aria-hidden />}
        </ActionIcon>
      )}
      <figcaption className={classes.caption} title={duty}>
        {isPresenter && <IconPresentation size={13} aria-hidden />}
        <span className={classes.captionName}>{isSelf ? t("nameYou", { name }) : name}</span>
        {isReconnecting && <IconPlugConnectedX size={13} className={classes.mutedMark} aria-hidden />}
        {line !== null && line !== "good" && <LineMark word={line} />}
        {!hasAudio && <IconMicrophoneOff size={13} className={classes.mutedMark} aria-hidden />}
      </figcaption>
    </figure>
  );
}
