import { Button, Switch } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useStudiesByUid, useUpload } from "../api/hooks";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatBytes } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ProgressLine } from "../ui/ProgressLine";
import { DropTarget } from "./DropTarget";
import { Interrupted } from "./Interrupted";
import { Notes } from "./Notes";
import { OtherNumber } from "./OtherNumber";
import { Refusals } from "./Refusals";
import { Review } from "./Review";
import { SignedOut } from "./SignedOut";
import classes from "./upload.module.css";
import { DiskState, UploadStatus } from "./UploadStatus";
import { UploadStudy } from "./UploadStudy";
import { useUploadSession } from "./useUploadSession";

export interface DropZoneProps {
  /** Studies of this drop are attached to this consult. */
  consultId?: string;
  /** A narrow place: the room's side panel. */
  compact?: boolean;
}

const CHECK_EVERY_MS = 2_000;

/** Where studies are dropped, and below it what has become of each of them. */
export function DropZone({ consultId, compact = false }: DropZoneProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const say = useProblemText();
  const { session, state } = useUploadSession(consultId);
  const pollMs = usePollMs();
  const { summary, completed, phase } = state;
  const started = phase !== "idle";
  const isFinished = phase === "finished";
  const studies = useStudiesByUid(
    summary.studies.map(({ archive_study_uid }) => archive_study_uid),
    started ? pollMs : false,
  );
  const asked = useUpload(completed?.upload_id ?? null, (upload) => (upload?.safe_to_remove ? false : CHECK_EVERY_MS));
  const account = asked.data ?? completed;
  const refetchStudies = studies.refetch;
  useEffect(() => {
    if (completed !== null) void refetchStudies();
  }, [completed, refetchStudies]);
  // In a consult a study under another number is asked about below, study by study; two patients were asked about.
  const notices =
    completed?.notices.filter(({ code }) => code !== "study-of-another-patient" && code !== "several-patients-in-drop") ?? [];
  const byUid = new Map((studies.data ?? []).map((study) => [study.study_instance_uid, study]));
  const refusedCount = summary.refusals.reduce((sum, { paths }) => sum + paths.length, 0);
  const retry = (
    <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} onClick={() => session.retry()} mt={6}>
      {t("common:retry")}
    </Button>
  );

  return (
    <div className={`${classes.stack} ${compact ? classes.compact : ""}`}>
      <DropTarget compact={compact || started} onFiles={(files, handles) => void session.add(files, handles)} />
      {!started && consultId === undefined && (
        <Switch
          checked={state.deidentify}
          onChange={(event) => session.setDeidentify(event.currentTarget.checked)}
          label={t("deidentify.label")}
          description={t(state.deidentify ? "deidentify.on" : "deidentify.off")}
        />
      )}
      {!started && !compact && <Interrupted session={session} />}
      {started && (
        <Panel
          flush
          label={t("progress")}
          {...(compact ? {} : { title: t(isFinished ? "finished" : "underWay") })}
          actions={
            isFinished && (
              <Button size="compact-xs" variant="subtle" onClick={() => session.reset()}>
                {t("clear")}
              </Button>
            )
          }
        >
          {!isFinished && phase !== "deciding" && <UploadStatus session={session} state={state} compact={compact} />}
          {isFinished && account !== null && <DiskState upload={account} hasRefused={refusedCount > 0} />}
          {phase === "deciding" && (
            <Review
              session={session}
              warnings={state.warnings}
              image_count={summary.studies.reduce((sum, { image_count }) => sum + image_count, 0)}
            />
          )}
          {phase === "signed-out" && <SignedOut />}
          {phase === "waiting-for-network" && (
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
          <Notes warnings={state.warnings} leftOut={session.leftOut} />
          {state.deidentify && (
            <div className={classes.item}>
              <Note tone="petrol">{t("deidentify.under")}</Note>
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
                      {t(file.state.at === "reading" ? "opening" : "archive")} · {formatBytes(file.size_bytes)}
                    </span>
                  </div>
                  <ProgressLine
                    value={file.state.at === "sending" ? file.state.sent_bytes / Math.max(1, file.size_bytes) : 0}
                    label={file.path}
                  />
                </li>
              ))}
            {summary.studies.map((progress) => (
              <UploadStudy
                key={progress.study_instance_uid}
                session={session}
                progress={progress}
                study={byUid.get(progress.archive_study_uid)}
                settled={isFinished || progress.sent_bytes >= progress.size_bytes}
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
      {refusedCount > 0 && (
        <Panel flush title={t("refusedTitle", { count: refusedCount })}>
          <Refusals refusals={summary.refusals} />
        </Panel>
      )}
    </div>
  );
}
