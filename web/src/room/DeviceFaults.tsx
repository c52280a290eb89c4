import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import { canCall } from "../signaling/session";
import type { LocalMedia } from "./localMedia";

/** What keeps microphone and camera closed, and what to do; one sentence where both have the same fault. */
export function DeviceFaults({ media }: { media: LocalMedia }) {
  const { t } = useTranslation("room");
  const { audio, video } = useSyncExternalStore(media.state.subscribe, media.state.get);
  if (!canCall()) return <Note tone="amber">{t("media.no-webrtc")}</Note>;
  if (audio.fault !== null && audio.fault === video.fault) return <Note tone="amber">{t(`fault.${audio.fault}.both`)}</Note>;
  return (
    <>
      {audio.fault !== null && <Note tone="amber">{t(`fault.${audio.fault}.audio`)}</Note>}
      {video.fault !== null && <Note tone="amber">{t(`fault.${video.fault}.video`)}</Note>}
    </>
  );
}
