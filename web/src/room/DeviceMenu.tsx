import { Popover, Stack, Switch, Text } from "@mantine/core";
import { IconSettings, IconStethoscope } from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { DeviceChoice } from "./DeviceChoice";
import { DeviceFaults } from "./DeviceFaults";
import { isSending, type LocalMedia } from "./localMedia";
import type { ChosenKind } from "./rememberedDevices";
import { Round } from "./Round";

const KINDS: readonly ChosenKind[] = ["audio", "video", "output"];

/** In the room: another microphone, camera or loudspeaker, heart and lung sounds, and the camera's light. */
export function DeviceMenu({ media }: { media: LocalMedia }) {
  const { t } = useTranslation("room");
  const state = useSyncExternalStore(media.state.subscribe, media.state.get);
  const [isOpen, setOpen] = useState(false);
  const { auscultates, torch, torchFailed } = state;
  const open = () => {
    setOpen(true);
    void media.look();
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top-start" width={300} trapFocus withRoles={false}>
      <Popover.Target>
        <div>
          <Round
            label={t(auscultates ? "devices.openAuscultating" : "devices.open")}
            icon={auscultates ? IconStethoscope : IconSettings}
            expanded={isOpen}
            onPress={isOpen ? () => setOpen(false) : open}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("devices.open")} role="dialog">
        <Stack gap="sm">
          {KINDS.map((kind) => (
            <DeviceChoice key={kind} media={media} kind={kind} />
          ))}
          <DeviceFaults media={media} />
          <div>
            <Switch
              label={t("devices.auscultation")}
              checked={auscultates}
              disabled={!isSending(state, "audio")}
              onChange={(event) => void media.setAuscultates(event.currentTarget.checked)}
            />
            <Text size="xs" c="dimmed" mt={4}>
              {t("devices.auscultationHint")}
            </Text>
          </div>
          {torch !== null && (
            <Switch
              label={t("devices.torch")}
              checked={torch}
              error={torchFailed && t("devices.torchFailed")}
              onChange={(event) => void media.setTorch(event.currentTarget.checked)}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
