import { Button } from "@mantine/core";
import { IconGitCompare } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useReconcile } from "../api/manageHooks";
import type { Management } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { useNow } from "../ui/useNow";
import classes from "./manage.module.css";

/** Whether the archive and our records agree. */
export function Archive({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const now = useNow();
  const say = useProblemText();
  const reconcile = useReconcile();
  const last = management.last_reconciliation;
  return (
    <Panel
      title={t("archive.title")}
      actions={
        management.may.reconcile && (
          <Button
            size="xs"
            leftSection={<IconGitCompare size={14} />}
            loading={reconcile.isPending}
            onClick={() => reconcile.mutate(undefined)}
          >
            {t("archive.run")}
          </Button>
        )
      }
    >
      <p className={classes.said}>{t("archive.text")}</p>
      {reconcile.isError && (
        <Note tone="signal" alert>
          {say(reconcile.error)}
        </Note>
      )}
      {last === null ? (
        <Note tone="neutral">{t("archive.never")}</Note>
      ) : (
        <Note
          tone={last.found === last.mended ? "moss" : "amber"}
          title={last.found === 0 ? t("archive.same") : t("archive.found", { count: last.found, mended: last.mended })}
        >
          <div>{t("archive.last", { at: formatInstant(last.at, now, language) })}</div>
          {Object.entries(last.differences).map(([difference, count]) => (
            <div key={difference}>
              {t(`difference.${difference}`)}: {count}
            </div>
          ))}
        </Note>
      )}
    </Panel>
  );
}
