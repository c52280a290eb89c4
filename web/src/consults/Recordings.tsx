import { Anchor, Button, Group, Modal, NativeSelect, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconDownload, IconPlayerRecordFilled, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { usePollMs } from "../api/events";
import { useDeleteRecording, useKeepRecording, useRecordings } from "../api/recordingHooks";
import type { Recording, RetentionClass } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Dialog } from "../ui/Dialog";
import { formatBytes, formatDate, formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { Tag } from "../ui/Tag";
import classes from "./consults.module.css";

const LOOKS = {
  recording: { tone: "signal", icon: IconPlayerRecordFilled },
  kept: { tone: "moss", icon: IconCircleCheck },
  interrupted: { tone: "amber", icon: IconAlertTriangle },
} as const;
const RETENTION: readonly RetentionClass[] = ["record", "review"];

const clock = (ms: number) => {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

/** What was recorded of this consult, with who agreed; nothing where nothing was. */
export function Recordings({ consultId }: { consultId: string }) {
  const { t } = useTranslation("consult");
  const recordings = useRecordings(consultId, usePollMs()).data ?? [];
  if (recordings.length === 0) return null;
  return (
    <Panel title={t("recordings.title")}>
      <ul className={classes.calls}>
        {recordings.map((recording) => (
          <OneRecording key={recording.id} consultId={consultId} recording={recording} />
        ))}
      </ul>
    </Panel>
  );
}

function OneRecording({ consultId, recording }: { consultId: string; recording: Recording }) {
  const { t } = useTranslation("consult");
  const { t: common } = useTranslation();
  const language = useLanguage();
  const say = useProblemText();
  const keep = useKeepRecording(consultId);
  const remove = useDeleteRecording(consultId);
  const [isAsking, setAsking] = useState(false);
  const { answers, parts } = recording;
  const said = (agrees: boolean) => [
    ...new Set(answers.filter((one) => one.agrees === agrees).map((one) => one.display_name)),
  ];
  const nameOf = ({ display_name: name, is_screen: isScreen }: Recording["parts"][number]) =>
    name === null ? t("recordings.log") : isScreen ? t("recordings.screenOf", { name }) : name;
  const problem = keep.error ?? remove.error;
  const [sooner, setSooner] = useState<RetentionClass | null>(null);
  const goesAs = (retention: RetentionClass) => recording.delete_after_as[retention];
  const change = (retention: RetentionClass) => {
    const [now, then] = [goesAs(recording.retention_class), goesAs(retention)];
    if (now !== undefined && then !== undefined && then < now) setSooner(retention);
    else keep.mutate({ id: recording.id, retention });
  };
  return (
    <li className={classes.recording}>
      <div className={classes.callHead}>
        <strong className="tabular">{formatInstant(recording.started_at, new Date(), language)}</strong>
        <Tag {...LOOKS[recording.status]} plain>
          {t(`recordings.status.${recording.status}`)}
        </Tag>
      </div>
      <div className={`${classes.muted} tabular`}>
        {[clock(recording.duration_ms), formatBytes(recording.size_bytes)].join(" · ")}
      </div>
      <div className={classes.muted}>{t("recordings.agreed", { names: said(true).join(", ") })}</div>
      {said(false).length > 0 && (
        <div className={classes.muted}>{t("recordings.withdrew", { names: said(false).join(", ") })}</div>
      )}
      {recording.status !== "recording" && (
        <ul className={classes.recordingParts}>
          {parts.map((part) => (
            <li key={part.number}>
              <Anchor size="sm" href={addresses.recordingPart(consultId, recording.id, part.number)} download>
                <IconDownload size={15} aria-hidden /> {nameOf(part)}
              </Anchor>{" "}
              <span className={`${classes.muted} tabular`}>
                {part.display_name !== null && `${clock(part.began_ms)}–${clock(part.began_ms + part.duration_ms)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {recording.may_delete && (
        <Group gap={8} align="flex-end" justify="space-between">
          <NativeSelect
            size="xs"
            label={t("recordings.keptFor")}
            value={recording.retention_class}
            disabled={keep.isPending}
            data={RETENTION.map((value) => ({ value, label: t(`recordings.retention.${value}`) }))}
            onChange={(event) => change(event.currentTarget.value as RetentionClass)}
          />
          <Button
            size="xs"
            variant="subtle"
            color="signal"
            leftSection={<IconTrash size={15} aria-hidden />}
            onClick={() => setAsking(true)}
          >
            {t("recordings.delete")}
          </Button>
        </Group>
      )}
      {recording.delete_after !== null && (
        <div className={`${classes.muted} tabular`}>
          {t("recordings.until", { date: formatDate(recording.delete_after) })}
        </div>
      )}
      {recording.on_legal_hold && <div className={classes.muted}>{t("recordings.onLegalHold")}</div>}
      {problem !== null && <Note tone="signal">{say(problem)}</Note>}
      {sooner !== null && (
        <Dialog onClose={() => setSooner(null)} title={t("recordings.soonerTitle")}>
          <Stack>
            <Text size="sm">
              {t("recordings.soonerText", {
                class: t(`recordings.retention.${sooner}`),
                then: formatDate(goesAs(sooner) ?? null),
                now: formatDate(goesAs(recording.retention_class) ?? null),
              })}
            </Text>
            {recording.on_legal_hold && <Text size="sm">{t("recordings.onLegalHold")}</Text>}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setSooner(null)}>
                {common("cancel")}
              </Button>
              <Button
                color="signal"
                loading={keep.isPending}
                onClick={() =>
                  keep.mutate({ id: recording.id, retention: sooner }, { onSettled: () => setSooner(null) })
                }
              >
                {t("recordings.change")}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={t("recordings.deleteTitle")}
        closeButtonProps={{ "aria-label": common("close") }}
      >
        <Stack>
          <Text size="sm">{t("recordings.deleteText")}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              {common("cancel")}
            </Button>
            <Button
              color="signal"
              loading={remove.isPending}
              onClick={() => remove.mutate(recording.id, { onSettled: () => setAsking(false) })}
            >
              {t("recordings.delete")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </li>
  );
}
