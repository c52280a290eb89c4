import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { IconCameraPlus } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import classes from "./still.module.css";
import { keyOf, type StillChoice } from "./stillChoices";
import { useStream } from "./useStream";

export interface StillAimProps {
  choices: readonly StillChoice[];
  isTelling: boolean;
  fault: string | null;
  onAim: (participantId: string | null) => void;
  onTake: (choice: StillChoice, video: HTMLVideoElement) => Promise<void>;
}

/** The viewfinder: whose picture, as it arrives now, and the button that takes it. */
export function StillAim({ choices, isTelling, fault, onAim, onTake }: StillAimProps) {
  const { t } = useTranslation("still");
  const [wanted, setWanted] = useState<string | null>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [isTaking, setTaking] = useState(false);
  const choice = choices.find((one) => keyOf(one) === wanted) ?? choices[0];
  const stream = choice?.stream ?? null;
  const aimedAt = choice?.source === "camera" && choice.name !== null ? choice.participantId : null;
  useEffect(() => {
    onAim(aimedAt);
  }, [aimedAt, onAim]);
  const video = useStream(stream);

  const measure = () => {
    const { videoWidth: width = 0, videoHeight: height = 0 } = video.current ?? {};
    setSize(width > 0 ? { width, height } : null);
  };
  const take = async () => {
    if (choice === undefined || video.current === null) return;
    setTaking(true);
    await onTake(choice, video.current);
    setTaking(false);
  };
  const nameOf = ({ name, source }: StillChoice) =>
    name === null ? t("ofOwn") : t(source === "screen" ? "ofScreen" : "ofCamera", { name });
  if (choice === undefined) return <Note tone="amber">{t("nothing")}</Note>;
  return (
    <Stack gap="sm">
      <NativeSelect
        label={t("whose")}
        value={keyOf(choice)}
        data={choices.map((one) => ({ value: keyOf(one), label: nameOf(one) }))}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <video
        ref={video}
        className={classes.picture}
        data-testid="viewfinder"
        aria-label={nameOf(choice)}
        muted
        playsInline
        autoPlay
        onResize={measure}
        onLoadedMetadata={measure}
      />
      {fault !== null && (
        <Note tone="amber" alert>
          {fault}
        </Note>
      )}
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed" className={classes.words}>
          {isTelling ? t("telling") : t("told")} <span className="tabular">{size !== null && choice.name !== null && t("size", size)}</span>
        </Text>
        <Button
          data-autofocus
          leftSection={<IconCameraPlus size={18} aria-hidden />}
          loading={isTaking || isTelling}
          disabled={size === null}
          onClick={() => void take()}
        >
          {t("press")}
        </Button>
      </Group>
    </Stack>
  );
}
