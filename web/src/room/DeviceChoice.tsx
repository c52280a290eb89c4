import { NativeSelect } from "@mantine/core";
import { IconMicrophone, IconVideo, IconVolume } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { LocalMedia } from "./localMedia";
import type { ChosenKind } from "./rememberedDevices";

const ICONS = { audio: IconMicrophone, video: IconVideo, output: IconVolume } as const;

/** Which camera, microphone or loudspeaker is used; nothing, where there is no other. */
export function DeviceChoice({ media, kind }: { media: LocalMedia; kind: ChosenKind }) {
  const { t } = useTranslation("room");
  const { choices, deviceId } = useSyncExternalStore(media.state.subscribe, media.state.get)[kind];
  if (choices.length < 2) return null;
  const Symbol = ICONS[kind];
  // The loudspeaker that nobody has chosen is the system's own.
  const used = deviceId ?? (kind === "output" ? "default" : "");
  const isAmongThem = choices.some(({ id }) => id === used);
  return (
    <NativeSelect
      aria-label={t(`device.${kind}.choose`)}
      leftSection={<Symbol size={16} aria-hidden />}
      value={isAmongThem ? used : ""}
      data={[
        ...(isAmongThem ? [] : [{ value: "", label: t(`device.${kind}.choose`), disabled: true }]),
        ...choices.map(({ id, label }, index) => ({
          value: id,
          label: label === "" ? t(`device.${kind}.number`, { number: index + 1 }) : label,
        })),
      ]}
      onChange={(event) => void media.choose(kind, event.currentTarget.value)}
    />
  );
}
