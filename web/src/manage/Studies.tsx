import { Button } from "@mantine/core";
import { IconArrowsSplit2, IconPhotoOff, IconSnowflake, IconStethoscope, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useDeleteStudy, useMoveStudy } from "../api/manageHooks";
import type { ManagedStudy, Management } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { PatientLine } from "../ui/PatientLine";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { useNow } from "../ui/useNow";
import { ReasonModal } from "./ReasonModal";
import { SplitStudy } from "./SplitStudy";
import classes from "./manage.module.css";

interface RowProps {
  study: ManagedStudy;
  may: Management["may"];
  onDelete: () => void;
  onSplit: () => void;
}

function Row({ study, may, onDelete, onSplit }: RowProps) {
  const { t } = useTranslation("manage");
  const say = useProblemText();
  const move = useMoveStudy();
  const images = study.series.reduce((sum, one) => sum + one.instance_count, 0);
  const uid = study.study_instance_uid;
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <PatientLine patient={study.patient} />
        <div className={classes.muted}>
          {[formatDate(study.study_date), study.study_description ?? t("studies.noDescription"), t("studies.images", { count: images })]
            .filter((fact) => fact !== null)
            .join(" · ")}
        </div>
        <div className={classes.tags}>
          {study.is_in_use && (
            <Tag plain tone="petrol" icon={IconStethoscope}>
              {t("studies.inUse")}
            </Tag>
          )}
          {study.tier !== "archive" && (
            <Tag plain tone="neutral" icon={IconSnowflake}>
              {t(`tier.${study.tier}`)}
            </Tag>
          )}
        </div>
        {move.isError && (
          <Note tone="signal" alert>
            {say(move.error)}
          </Note>
        )}
      </div>
      <div className={classes.actions}>
        {may.change_tier && study.tier !== "warming" && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSnowflake size={14} />}
            loading={move.isPending}
            disabled={study.is_in_use && study.tier === "archive"}
            onClick={() => move.mutate({ uid, to: study.tier === "cold" ? "recall" : "cold" })}
          >
            {t(study.tier === "cold" ? "tier.recall" : "tier.toCold")}
          </Button>
        )}
        {may.split_study && study.series.length > 1 && study.tier === "archive" && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowsSplit2 size={14} />}
            disabled={study.is_in_use}
            onClick={onSplit}
          >
            {t("split.action")}
          </Button>
        )}
        {may.delete_study && (
          <Button
            size="xs"
            variant="subtle"
            color="signal"
            leftSection={<IconTrash size={14} />}
            disabled={study.is_in_use}
            onClick={onDelete}
          >
            {t("delete.action")}
          </Button>
        )}
      </div>
    </li>
  );
}

export interface StudiesProps {
  management: Management;
  /** Only what fits the search is listed. */
  isSearched: boolean;
}

/** The institution's studies, and those that were deleted. */
export function Studies({ management, isSearched }: StudiesProps) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const now = useNow();
  const remove = useDeleteStudy();
  const [leaving, setLeaving] = useState<ManagedStudy | null>(null);
  const [mixed, setMixed] = useState<ManagedStudy | null>(null);
  const close = () => {
    setLeaving(null);
    remove.reset();
  };
  return (
    <div className={classes.stack}>
      <Panel flush title={t("studies.title")}>
        {management.studies.length === 0 ? (
          <EmptyState
            icon={IconPhotoOff}
            title={t(isSearched ? "studies.empty" : "studies.none")}
            text={t(isSearched ? "studies.emptyText" : "studies.noneText")}
          />
        ) : (
          <ul className={classes.rows}>
            {management.studies.map((study) => (
              <Row
                key={study.study_instance_uid}
                study={study}
                may={management.may}
                onDelete={() => setLeaving(study)}
                onSplit={() => setMixed(study)}
              />
            ))}
          </ul>
        )}
      </Panel>
      {management.deleted.length > 0 && (
        <Panel flush title={t("studies.deleted")}>
          <p className={classes.explained}>{t("studies.deletedText")}</p>
          <ul className={classes.rows}>
            {management.deleted.map((study) => (
              <li key={study.study_instance_uid} className={classes.row}>
                <div className={classes.what}>
                  <PatientLine patient={study.patient} />
                  <div className={classes.muted}>
                    {formatInstant(study.deleted_at, now, language)} · {study.reason}
                  </div>
                </div>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {leaving !== null && (
        <ReasonModal
          danger
          title={t("delete.title")}
          text={t("delete.text")}
          action={t("delete.action")}
          pending={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={(reason) => remove.mutate({ uid: leaving.study_instance_uid, reason }, { onSuccess: close })}
        >
          <div>
            <PatientLine patient={leaving.patient} full />{" "}
            <Link to={`/studies/${leaving.study_instance_uid}`}>{leaving.study_description ?? t("studies.noDescription")}</Link>
          </div>
        </ReasonModal>
      )}
      {mixed !== null && <SplitStudy study={mixed} onClose={() => setMixed(null)} />}
    </div>
  );
}
