import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCircleCheck, IconDownload, IconSearchOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useRetrievals, useRetrieve, type useSearchArchive } from "../api/archiveHooks";
import type { FoundStudy } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatPersonName } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { RetrievalState } from "./RetrievalState";
import classes from "./archives.module.css";

function Row({ study, archiveId }: { study: FoundStudy; archiveId: string }) {
  const { t } = useTranslation("archives");
  const language = useLanguage();
  const say = useProblemText();
  const retrieve = useRetrieve();
  const retrieval = useRetrievals(false).data?.find(
    (one) => one.study_instance_uid === study.study_instance_uid && one.archive_id === archiveId,
  );
  const isHere = study.is_here || retrieval?.status === "completed";
  const isOpen = retrieval?.status === "requested" || retrieval?.status === "in-progress";
  const patient = [
    study.patient_id === null ? null : `${t("common:patientId")} ${study.patient_id}`,
    formatDate(study.patient_birth_date),
  ];
  const images = study.instance_count === null ? null : t("found.images", { count: study.instance_count });
  const fetchIt = () =>
    retrieve.mutate(
      { archiveId, uid: study.study_instance_uid },
      { onError: (error) => notifications.show({ color: "signal", message: say(error) }) },
    );
  return (
    <li className={classes.row}>
      <div>
        <div className={classes.name}>{formatPersonName(study.patient_name ?? "", language)}</div>
        <div className={`${classes.muted} tabular`}>{patient.filter(Boolean).join(" · ")}</div>
      </div>
      <div>
        <div>{study.study_description ?? t("found.unnamed")}</div>
        <div className={`${classes.muted} tabular`}>
          {[formatDate(study.study_date), study.modalities.join(" "), images, study.accession_number]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </div>
      <div>
        {retrieval !== undefined && (isOpen || retrieval.status === "failed") ? (
          <RetrievalState retrieval={retrieval} />
        ) : (
          isHere && (
            <Tag tone="moss" icon={IconCircleCheck}>
              {t("found.here")}
            </Tag>
          )
        )}
      </div>
      <div className={classes.actions}>
        {isHere && (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={`/studies/${encodeURIComponent(study.study_instance_uid)}`}
          >
            {t("found.open")}
          </Button>
        )}
        {!isOpen && (
          <Button
            size="xs"
            variant={isHere ? "subtle" : "filled"}
            leftSection={<IconDownload size={14} />}
            loading={retrieve.isPending}
            onClick={fetchIt}
          >
            {t(isHere ? "found.again" : "found.fetch")}
          </Button>
        )}
      </div>
    </li>
  );
}

/** What the last search found. */
export function FoundStudies({ search }: { search: ReturnType<typeof useSearchArchive> }) {
  const { t } = useTranslation("archives");
  if (search.isPending) {
    return (
      <Panel flush title={t("found.title")}>
        <LoadingState />
      </Panel>
    );
  }
  if (!search.isSuccess) return null;
  const { studies, is_cut_off: isCutOff } = search.data;
  return (
    <Panel flush title={t("found.title")}>
      {studies.length === 0 && (
        <EmptyState icon={IconSearchOff} title={t("found.nothing")} text={t("found.nothingText")} />
      )}
      {isCutOff && (
        <div className={classes.note}>
          <Note tone="amber">{t("found.cut", { count: studies.length })}</Note>
        </div>
      )}
      <ul className={classes.rows} aria-live="polite">
        {studies.map((study) => (
          <Row key={study.study_instance_uid} study={study} archiveId={search.variables.archiveId} />
        ))}
      </ul>
    </Panel>
  );
}
