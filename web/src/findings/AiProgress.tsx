import { Button } from "@mantine/core";
import { IconBan, IconCircleDashed, IconExclamationCircle, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useMe, useReadingWish } from "../api/hooks";
import type { AiStatus, InferenceJob, ReadingWish, StudyDetail } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { AI_STATUS, isReading, JOB_AS_AI } from "../studies/status";
import { formatPercent } from "../ui/format";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ProgressLine } from "../ui/ProgressLine";
import { EmptyState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { isClinician } from "../worklist/sections";
import classes from "./findings.module.css";

function Job({ job }: { job: InferenceJob }) {
  const { t } = useTranslation(["study", "models"]);
  const language = useLanguage();
  const status = job.is_refused ? "not-usable" : JOB_AS_AI[job.status];
  const look = AI_STATUS[status];
  const words = t(`ai.${status}`);
  const stage = job.stage === null ? words : t(`stage.${job.stage}`, { defaultValue: words });
  const running = status === "running";
  return (
    <div className={classes.job} data-testid="ai-job" data-status={job.status}>
      <div className={classes.headLine}>
        <Tag tone={look.tone} icon={look.icon} plain>
          {running ? stage : words}
        </Tag>
        <span className="tabular">{running ? formatPercent(job.progress) : t(`models:slot.${job.model}`, { defaultValue: job.model })}</span>
      </div>
      {running && <ProgressLine value={job.progress} label={t("ai.progress")} />}
      {job.reason !== null && <div className={classes.facts}>{inLanguage(job.reason, language)}</div>}
      {job.status === "failed" && job.attempts > 1 && (
        <div className={classes.facts}>{t("ai.attempts", { count: job.attempts })}</div>
      )}
    </div>
  );
}

/** What a person may want of the reading as it stands. */
const WISHES: Partial<Record<AiStatus, ReadingWish[]>> = {
  queued: ["first", "stop"],
  running: ["stop"],
  failed: ["again"],
};

/** The study's own state, not one job's: whoever stops it stops all of it. */
function Wishes({ study }: { study: StudyDetail }) {
  const { t } = useTranslation("study");
  const say = useProblemText();
  const me = useMe().data;
  const change = useReadingWish(study.study_instance_uid);
  const wishes = WISHES[study.ai.status] ?? [];
  if (wishes.length === 0 || !me || !isClinician(me)) return null;
  return (
    <div className={classes.wishes} data-testid="reading-wishes">
      {wishes.map((wish) => (
        <Button
          key={wish}
          size="compact-xs"
          variant="default"
          loading={change.isPending && change.variables === wish}
          onClick={() => change.mutate(wish)}
        >
          {t(`wish.${wish}`)}
        </Button>
      ))}
      {change.isError && (
        <Note tone="signal" alert>
          {say(change.error)}
        </Note>
      )}
    </div>
  );
}

/** Jobs that are not simply done: queued, running with their progress, or failed with the reason. */
export function AiProgress({ study }: { study: StudyDetail }) {
  const { t } = useTranslation("study");
  const language = useLanguage();
  const unread = study.jobs.filter((job) => job.status !== "completed");
  // One alone that could not be read: the list below, which is empty then, says why.
  const open = unread.length === study.jobs.length && unread.length === 1 && !isReading(study.ai.status) ? [] : unread;
  return (
    <div aria-live="polite">
      {study.ai.stage === "arriving" && (
        <div className={classes.job} data-testid="ai-arriving">
          <div className={classes.headLine}>
            <span>{t("stage.arriving")}</span>
            <span className="tabular">{formatPercent(study.ai.progress)}</span>
          </div>
          <ProgressLine value={study.ai.progress} label={t("ai.progress")} />
        </div>
      )}
      <Wishes study={study} />
      {open.map((job) => (
        <Job key={job.id} job={job} />
      ))}
      {study.jobs.map(({ id, caution }) =>
        caution === null ? null : (
          <Note key={id} tone="amber">
            <span className={classes.lines}>{inLanguage(caution, language)}</span>
          </Note>
        ),
      )}
    </div>
  );
}

/** What stands where there are no findings: it makes a difference why. */
export function NoFindings({ study }: { study: StudyDetail }) {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  const { status, reason } = study.ai;
  const said = reason === null ? {} : { text: inLanguage(reason, language) };
  if (isReading(status)) return <EmptyState icon={IconSearch} title={t("empty.reading")} text={t("empty.readingText")} />;
  if (status === "failed") return <EmptyState icon={IconExclamationCircle} title={t("empty.failed")} text={t("empty.failedText")} {...said} />;
  if (status === "not-usable") return <EmptyState icon={IconBan} title={t("empty.notUsable")} {...said} />;
  if (status === "none") return <EmptyState icon={IconCircleDashed} title={t("empty.none")} text={t("empty.noneText")} {...said} />;
  return <EmptyState icon={IconSearch} title={t("empty.nothing")} text={t("empty.nothingText")} />;
}
