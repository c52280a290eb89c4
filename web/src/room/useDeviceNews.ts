import { notifications } from "@mantine/notifications";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import type { LocalMedia } from "./localMedia";

/** Say what became of a device; faults only in the room, for at its door they stand beside the device. */
export function useDeviceNews(media: LocalMedia, isInRoom: boolean) {
  const { t } = useTranslation("room");
  useEffect(
    () =>
      media.news.subscribe(() => {
        const news = media.news.get();
        if (news === null || (news.what === "fault" && !isInRoom)) return;
        for (const what of ["fault", "gone", "back"]) notifications.hide(`${what}-${news.kind}`);
        notifications.show({
          id: `${news.what}-${news.kind}`,
          message:
            news.what === "fault"
              ? t(`fault.${news.fault}.${news.kind}`)
              : t(`deviceNews.${news.what}.${news.kind}`, { name: news.label }),
          color: news.what === "back" ? "petrol" : "amber",
          position: "top-center",
          autoClose: 8_000,
        });
      }),
    [media, isInRoom, t],
  );
}
