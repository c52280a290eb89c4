import { NativeSelect } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { DeviceKind } from "./devices";
import type { LocalMedia } from "./localMedia";

/** Which camera or microphone is used; nothing, where there is no other. */
export function DeviceChoice({ media, kind }: { media: LocalMedia; kind: DeviceKind }) {
  const { t } = useTranslation("room");
  const { choices, deviceId } = useSyncExternalStore(media.state.subscribe, media.state.get)[kind];
  if (choices.length < 2) return null;
  return (
    <NativeSelect
      aria-label={t(`device.${kind}.choose`)}
      value={deviceId ?? ""}
      data={choices.map(({ id, label }, index) => ({
        value: id,
        label: label === "" ? t(`device.${kind}.number`, { number: index + 1 }) : label,
      }))}
      onChange={(event) => void media.choose(kind, event.currentTarget.value)}
    />
  );
}
