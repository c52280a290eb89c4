import { useTranslation } from "react-i18next";

import type { AiSummary } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatPercent } from "../ui/format";
import { ProgressLine } from "../ui/ProgressLine";
import { Tag } from "../ui/Tag";
import classes from "./studies.module.css";
import { AI_STATUS, aiTone } from "./status";

/** What the AI has come to on one study, in one or two lines. */
export function AiState({ ai }: { ai: AiSummary }) {
  const { t } = useTranslation("study");
  const language = useLanguage();
  const icon = AI_STATUS[ai.status].icon;
  if (ai.status === "running") {
    const stage = ai.stage === null ? t("ai.running") : t(`stage.${ai.stage}`, { defaultValue: t("ai.running") });
    return (
      <div className={classes.aiRunning}>
        <Tag tone="petrol" icon={icon} plain>
          {stage} <span className="tabular">{formatPercent(ai.progress)}</span>
        </Tag>
        <ProgressLine value={ai.progress} label={t("ai.progress")} />
      </div>
    );
  }
  const words =
    ai.status === "completed"
      ? ai.finding_count === 0
        ? t("ai.nothingFound")
        : ai.undecided_count === 0
          ? t("ai.allDecided", { count: ai.finding_count })
          : t("ai.undecided", { count: ai.finding_count, undecided: ai.undecided_count })
      : t(`ai.${ai.status}`);
  return (
    <div className={classes.aiState}>
      <Tag tone={aiTone(ai)} icon={icon}>
        {words}
      </Tag>
      {ai.reason !== null && <div className={classes.aiReason}>{inLanguage(ai.reason, language)}</div>}
    </div>
  );
}
