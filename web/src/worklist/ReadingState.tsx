import { IconBook2, IconCircleCheck, IconCircleDot, IconUserCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Reading } from "../api/worklistHooks";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Tag } from "../ui/Tag";
import { useNow } from "../ui/useNow";
import classes from "./worklist.module.css";

/** Whether a study was read, who has it open, and whose it is to read. */
export function ReadingState({ reading }: { reading: Reading }) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const now = useNow();
  return (
    <div className={classes.states}>
      {reading.opened_by !== null ? (
        <Tag tone="petrol" icon={IconBook2}>
          {t("reading.openedBy", { name: reading.opened_by.display_name })}
        </Tag>
      ) : reading.read_at !== null ? (
        <Tag tone="moss" icon={IconCircleCheck} plain>
          <span title={`${reading.read_by?.display_name ?? ""} ${formatInstant(reading.read_at, now, language)}`}>
            {t("state.read")}
          </span>
        </Tag>
      ) : (
        <Tag tone="amber" icon={IconCircleDot} plain>
          {t("state.unread")}
        </Tag>
      )}
      {reading.assigned_to !== null && (
        <Tag tone="neutral" icon={IconUserCheck} plain>
          {reading.assigned_to.display_name}
        </Tag>
      )}
    </div>
  );
}
