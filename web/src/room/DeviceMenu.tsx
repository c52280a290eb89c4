import { Popover, Stack, Switch, Text } from "@mantine/core";
import { IconSettings, IconStethoscope } from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import { DeviceChoice } from "./DeviceChoice";
import type { DeviceKind } from "./devices";
import { isSending, type LocalMedia } from "./localMedia";
import { Round } from "./Round";

const KINDS: readonly DeviceKind[] = ["audio", "video"];

/** In the room: another microphone or camera, heart and lung sounds, and the camera's light. */
export function DeviceMenu({ media }: { media: LocalMedia }) {
  const { t } = useTranslation("room");
  const state = useSyncExternalStore(media.state.subscribe, media.state.get);
  const [isOpen, setOpen] = useState(false);
  const { auscultates, torch } = state;
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top-start" width={300} trapFocus withRoles={false}>
      <Popover.Target>
        <div>
          <Round
            label={t(auscultates ? "devices.openAuscultating" : "devices.open")}
            icon={auscultates ? IconStethoscope : IconSettings}
            pressed={isOpen || auscultates}
            onPress={() => setOpen(!isOpen)}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("devices.open")} role="dialog">
        <Stack gap="sm">
          {KINDS.map((kind) => (
            <Stack key={kind} gap={6}>
              <DeviceChoice media={media} kind={kind} />
              {state[kind].fault !== null && <Note tone="amber">{t(`fault.${state[kind].fault}.${kind}`)}</Note>}
            </Stack>
          ))}
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
              onChange={(event) => void media.setTorch(event.currentTarget.checked)}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
