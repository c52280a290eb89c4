import { Button, TextInput } from "@mantine/core";
import { IconPhotoScan, IconSearch, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { usePollMs } from "../api/events";
import { useStudies } from "../api/hooks";
import type { Me, StudySummary } from "../api/types";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { asksOthers } from "./sections";
import { StudyRow } from "./StudyRow";
import classes from "./worklist.module.css";

const COLUMNS = ["patient", "study", "images", "ai", "received"] as const;

/** Whether every word typed stands somewhere in what the row shows. */
function matches(study: StudySummary, query: string): boolean {
  const text = [
    study.patient.name,
    study.patient.patient_id,
    study.study_description ?? "",
    study.modalities.join(" "),
    study.study_date ?? "",
  ]
    .join(" ")
    .toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function StudySection({ me }: { me: Me }) {
  const { t } = useTranslation("worklist");
  const studies = useStudies(usePollMs());
  const [query, setQuery] = useState("");
  const all = studies.data ?? [];
  const shown = all.filter((study) => matches(study, query.trim()));
  return (
    <Panel
      flush
      title={t("studies.title")}
      actions={
        <TextInput
          className={classes.search ?? ""}
          size="xs"
          leftSection={<IconSearch size={15} aria-hidden />}
          aria-label={t("studies.search")}
          placeholder={t("studies.searchHint")}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
      }
    >
      <div className={classes.studies}>
        {studies.isPending && <LoadingState />}
        {studies.isError && <ErrorState error={studies.error} onRetry={() => void studies.refetch()} />}
        {studies.isSuccess && all.length === 0 && (
          <EmptyState
            icon={IconPhotoScan}
            title={t("empty.studies")}
            text={t("empty.studiesText")}
            action={
              <Button component={Link} to="/upload" leftSection={<IconUpload size={16} />}>
                {t("common:nav.upload")}
              </Button>
            }
          />
        )}
        {all.length > 0 && shown.length === 0 && (
          <EmptyState icon={IconSearch} title={t("empty.search", { query: query.trim() })} />
        )}
        {shown.length > 0 && (
          <>
            <div className={classes.head} aria-hidden>
              <span />
              {COLUMNS.map((column) => (
                <span key={column}>{t(`column.${column}`)}</span>
              ))}
            </div>
            <ul className={classes.rows}>
              {shown.map((study) => (
                <StudyRow key={study.study_instance_uid} study={study} mayAskConsult={asksOthers(me)} />
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}
