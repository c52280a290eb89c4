import { Button, Group } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconShieldCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Upload } from "../api/types";
import { lineBudget } from "../signaling/lineBudget";
import { formatBytes } from "../ui/format";
import { Note } from "../ui/Note";
import { ProgressLine } from "../ui/ProgressLine";
import { Tag } from "../ui/Tag";
import { isInCall } from "./calls";
import type { UploadSession, UploadState } from "./session";
import classes from "./upload.module.css";

/** Whole minutes, or steps of five seconds: a figure that jumps is not believed. */
function remaining(seconds: number): { unit: "seconds" | "minutes"; count: number } {
  if (seconds < 55) return { unit: "seconds", count: Math.max(5, Math.ceil(seconds / 5) * 5) };
  return { unit: "minutes", count: Math.ceil(seconds / 60) };
}

export interface UploadStatusProps {
  session: UploadSession;
  state: UploadState;
  compact: boolean;
}

/** One line of what the upload is doing, how far it is, and the two buttons that stop it. */
export function UploadStatus({ session, state, compact }: UploadStatusProps) {
  const { t } = useTranslation("upload");
  const { phase, summary, bytes_per_s } = state;
  const left = bytes_per_s === null ? null : remaining((summary.total_bytes - summary.sent_bytes) / bytes_per_s);
  const isReading = phase === "reading";
  const waitsForSpeech = lineBudget.get().uploads === "paused";
  const isUnderWay = ["sending", "waiting-for-network", "paused", "signed-out"].includes(phase);
  return (
    <div className={classes.item} data-testid="upload-status" data-phase={phase}>
      <div className={classes.line}>
        <span className="tabular" role="status" aria-live="polite">
          {isReading
            ? t("phase.reading", { done: summary.read_count, total: summary.file_count })
            : t(`phase.${phase}`, { done: summary.answered_count, total: summary.file_count })}
        </span>
        {isUnderWay && (
          <span className={`${classes.muted} tabular`}>
            {formatBytes(summary.sent_bytes)} / {formatBytes(summary.total_bytes)}
            {phase === "sending" && bytes_per_s !== null && ` · ${formatBytes(bytes_per_s)}/s`}
            {phase === "sending" && left !== null && ` · ${t(`remaining.${left.unit}`, { count: left.count })}`}
          </span>
        )}
      </div>
      <ProgressLine
        value={
          isReading
            ? summary.read_count / Math.max(1, summary.file_count)
            : summary.sent_bytes / Math.max(1, summary.total_bytes)
        }
        label={t("progress")}
      />
      {isUnderWay && (
        <div className={classes.line}>
          <span className={classes.muted}>
            {waitsForSpeech ? t("waitsForSpeech") : !compact && t(isInCall() ? "givesWay" : "stay")}
          </span>
          <Group gap="xs">
            <Button
              size="compact-xs"
              variant="default"
              leftSection={phase === "paused" ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
              onClick={() => session.pause(phase !== "paused")}
            >
              {t(phase === "paused" ? "resume" : "pause")}
            </Button>
            <Button
              size="compact-xs"
              variant="subtle"
              leftSection={<IconX size={14} />}
              onClick={() => window.confirm(t("cancelConfirm")) && session.cancel()}
            >
              {t("cancel")}
            </Button>
          </Group>
        </div>
      )}
    </div>
  );
}

/** After the last file: whether the archive's disk really has all of it. */
export function DiskState({ upload, hasRefused }: { upload: Upload; hasRefused: boolean }) {
  const { t } = useTranslation("upload");
  if (upload.progress.length === 0) return null;
  const stored = upload.progress.reduce((sum, study) => sum + study.stored_count, 0);
  const verified = upload.progress.reduce((sum, study) => sum + study.verified_count, 0);
  if (!upload.safe_to_remove) {
    return (
      <div className={classes.item} role="status" data-testid="disk" data-safe="false">
        <Note tone="petrol" title={t("disk.checking", { verified, stored })}>
          {t("disk.keep")}
        </Note>
      </div>
    );
  }
  return (
    <div className={classes.item} role="status" data-testid="disk" data-safe="true">
      <Tag tone="moss" icon={IconShieldCheck} plain>
        {t("disk.safe")}
      </Tag>
      <span className={classes.muted}>
        {t("disk.safeText", { count: stored })} {hasRefused && t("disk.butRefused")}
      </span>
    </div>
  );
}
