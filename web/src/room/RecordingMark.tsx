import { Menu } from "@mantine/core";
import {
  IconHandStop,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerRecordFilled,
  IconPlayerStop,
  IconUserQuestion,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useLanguage } from "../app/i18n";
import type { RecordingStep, SessionState } from "../signaling/session";
import { Tag } from "../ui/Tag";
import { consentText } from "./recordingConsent";
import classes from "./room.module.css";

const LOOKS = {
  asking: { tone: "amber", icon: IconUserQuestion },
  on: { tone: "signal", icon: IconPlayerRecordFilled },
  paused: { tone: "amber", icon: IconPlayerPause },
} as const;

export interface RecordingMarkProps {
  room: SessionState;
  onStep: (step: RecordingStep) => void;
}

/** Whether the room is recorded, in sight of everybody at any time; behind it what one may do about it. */
export function RecordingMark({ room, onStep }: RecordingMarkProps) {
  const { t } = useTranslation("room");
  const language = useLanguage();
  const { recording, participants, rights, selfId } = room;
  const { status, awaiting } = recording;
  if (status === "off") return null;
  const mayRecord = rights.includes("record");
  const names = awaiting.map((id) => participants.find((one) => one.id === id)?.displayName ?? "").filter(Boolean);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className={classes.recordingMark} data-recording={status}>
          <span role="status">
            <Tag {...LOOKS[status]}>{t(`recording.status.${status}`)}</Tag>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {status === "asking" ? t("recording.awaiting", { names: names.join(", ") }) : t(`recording.hint.${status}`)}
        </Menu.Label>
        {mayRecord && status === "on" && (
          <Menu.Item
            leftSection={<IconPlayerPause size={16} aria-hidden />}
            onClick={() => onStep({ type: "setRecording", step: "pause" })}
          >
            {t("recording.pause")}
          </Menu.Item>
        )}
        {mayRecord && status === "paused" && (
          <Menu.Item
            leftSection={<IconPlayerPlay size={16} aria-hidden />}
            onClick={() => onStep({ type: "setRecording", step: "resume" })}
          >
            {t("recording.resume")}
          </Menu.Item>
        )}
        {mayRecord && (
          <Menu.Item
            leftSection={<IconPlayerStop size={16} aria-hidden />}
            onClick={() => onStep({ type: "setRecording", step: "stop" })}
          >
            {t(status === "asking" ? "recording.cancel" : "recording.stop")}
          </Menu.Item>
        )}
        {selfId !== null && !awaiting.includes(selfId) && (
          <Menu.Item
            leftSection={<IconHandStop size={16} aria-hidden />}
            onClick={() => onStep({ type: "answerRecording", agrees: false, consentText: consentText(language) })}
          >
            {t("recording.withdraw")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
