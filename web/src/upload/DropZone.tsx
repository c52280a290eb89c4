import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useStudies } from "../api/hooks";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatBytes } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ProgressLine } from "../ui/ProgressLine";
import { DropTarget } from "./DropTarget";
import { OtherNumber } from "./OtherNumber";
import { Refusals } from "./Refusals";
import classes from "./upload.module.css";
import { UploadStudy } from "./UploadStudy";
import { useUploadSession } from "./useUploadSession";

export interface DropZoneProps {
  /** Studies of this drop are attached to this consult. */
  consultId?: string;
  /** A narrow place: the room's side panel. */
  compact?: boolean;
}

/** Where studies are dropped, and below it what has become of each of them. */
export function DropZone({ consultId, compact = false }: DropZoneProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const say = useProblemText();
  const { session, state } = useUploadSession(consultId);
  const pollMs = usePollMs();
  const { summary, completed } = state;
  const started = summary.file_count > 0;
  const studies = useStudies(started ? pollMs : false);
  const refetchStudies = studies.refetch;
  useEffect(() => {
    if (completed !== null) void refetchStudies();
  }, [completed, refetchStudies]);
  // In a consult a study under another number is asked about below, study by study.
  const notices = completed?.notices.filter(({ code }) => code !== "study-of-another-patient") ?? [];
  const byUid = new Map((studies.data ?? []).map((study) => [study.study_instance_uid, study]));
  const retry = (
    <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} onClick={() => session.retry()} mt={6}>
      {t("common:retry")}
    </Button>
  );

  return (
    <div className={`${classes.stack} ${compact ? classes.compact : ""}`}>
      <DropTarget compact={compact || started} onFiles={(files) => void session.add(files)} />
      {started && (
        <Panel
          flush
          label={t("progress")}
          {...(compact ? {} : { title: t(completed === null ? "underWay" : "finished") })}
          actions={
            completed !== null && (
              <Button size="compact-xs" variant="subtle" onClick={() => session.reset()}>
                {t("clear")}
              </Button>
            )
          }
        >
          {completed === null && (
            <div className={classes.item} role="status">
              <div className={classes.line}>
                <span className="tabular">{t("filesOf", { done: summary.answered_count, total: summary.file_count })}</span>
                <span className={`${classes.muted} tabular`}>
                  {formatBytes(summary.sent_bytes)} / {formatBytes(summary.total_bytes)}
                </span>
              </div>
              <ProgressLine
                value={summary.total_bytes === 0 ? 0 : summary.sent_bytes / summary.total_bytes}
                label={t("progress")}
              />
              {!compact && <div className={classes.muted}>{t("stay")}</div>}
            </div>
          )}
          {state.waitingForNetwork && summary.failed_count === 0 && completed === null && (
            <div className={classes.item}>
              <Note tone="amber" alert>
                {t("waitingForNetwork")}
              </Note>
            </div>
          )}
          {summary.failed_count > 0 && (
            <div className={classes.item}>
              <Note tone="signal" title={t("failed", { count: summary.failed_count })} alert>
                {t("failedText")}
                <br />
                {retry}
              </Note>
            </div>
          )}
          {state.error !== null && (
            <div className={classes.item}>
              <Note tone="signal" alert>
                {say(state.error)}
                <br />
                {retry}
              </Note>
            </div>
          )}
          <ul className={classes.list}>
            {summary.archives
              .filter((file) => file.state.at !== "answered")
              .map((file) => (
                <li key={file.id} className={classes.item}>
                  <div className={classes.itemHead}>
                    <span className={classes.itemName}>{file.path}</span>
                    <span className={classes.muted}>
                      {t(file.state.at === "checking" ? "unpacking" : "archive")} · {formatBytes(file.size_bytes)}
                    </span>
                  </div>
                  <ProgressLine
                    value={
                      file.state.at === "sending"
                        ? file.state.sent_bytes / Math.max(1, file.size_bytes)
                        : file.state.at === "checking"
                          ? 1
                          : 0
                    }
                    label={file.path}
                  />
                </li>
              ))}
            {summary.studies.map((progress) => (
              <UploadStudy
                key={progress.study_instance_uid}
                progress={progress}
                study={byUid.get(progress.study_instance_uid)}
                settled={summary.settled || progress.sent_bytes >= progress.size_bytes}
                offerConsult={consultId === undefined}
              />
            ))}
          </ul>
          {completed !== null && consultId !== undefined && (
            <OtherNumber consultId={consultId} studies={completed.studies} />
          )}
          {notices.length > 0 && (
            <div className={classes.item}>
              {notices.map((notice) => (
                <Note key={notice.code} tone="amber">
                  {inLanguage(notice, language)}
                </Note>
              ))}
            </div>
          )}
        </Panel>
      )}
      {summary.refusals.length > 0 && (
        <Panel
          flush
          title={t("refusedTitle", { count: summary.refusals.reduce((sum, { paths }) => sum + paths.length, 0) })}
        >
          <Refusals refusals={summary.refusals} />
        </Panel>
      )}
    </div>
  );
}
