import { IconCircleCheck, IconCircleX, IconClock, IconDownload, IconExclamationCircle, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Retrieval } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import type { Tone } from "../app/theme";
import { ProgressLine } from "../ui/ProgressLine";
import { Tag } from "../ui/Tag";
import classes from "./archives.module.css";

const STATUS: Record<Retrieval["status"], { tone: Tone; icon: Icon }> = {
  requested: { tone: "neutral", icon: IconClock },
  "in-progress": { tone: "petrol", icon: IconDownload },
  completed: { tone: "moss", icon: IconCircleCheck },
  failed: { tone: "signal", icon: IconExclamationCircle },
  cancelled: { tone: "neutral", icon: IconCircleX },
};

/** How far the fetching of a study is, and why it waits or failed. */
export function RetrievalState({ retrieval }: { retrieval: Retrieval }) {
  const { t } = useTranslation("archives");
  const language = useLanguage();
  const { received_count: received, expected_count: expected, status } = retrieval;
  return (
    <>
      <Tag {...STATUS[status]}>{t(`status.${status}`)}</Tag>
      {(received > 0 || status === "in-progress") && (
        <div className={`${classes.muted} tabular`}>
          {expected === null
            ? t("retrievals.progressUnknown", { received })
            : t("retrievals.progress", { received, expected })}
        </div>
      )}
      {status === "in-progress" && expected !== null && expected > 0 && (
        <ProgressLine value={received / expected} label={t("retrievals.label")} />
      )}
      {retrieval.reason !== null && (
        <div className={`${classes.muted} ${classes.words}`}>{inLanguage(retrieval.reason, language)}</div>
      )}
    </>
  );
}
