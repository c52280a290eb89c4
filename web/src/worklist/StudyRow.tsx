import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { StudySummary } from "../api/types";
import { useLanguage } from "../app/i18n";
import { AiState } from "../studies/AiState";
import { Thumbnail } from "../studies/Thumbnail";
import { formatDate, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { PatientLine } from "../ui/PatientLine";
import { useNow } from "../ui/useNow";
import classes from "./worklist.module.css";

export interface StudyRowProps {
  study: StudySummary;
  mayAskConsult: boolean;
}

export function StudyRow({ study, mayAskConsult }: StudyRowProps) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const now = useNow();
  const address = `/studies/${study.study_instance_uid}`;
  return (
    <li className={classes.row}>
      <div className={classes.thumb}>
        <Thumbnail study={study} />
      </div>
      <Link to={address} className={`${classes.main} ${classes.who}`}>
        <PatientLine patient={study.patient} />
      </Link>
      <div className={`${classes.small} ${classes.what}`}>
        <div>
          {study.modalities.join(" / ")} · {study.study_description ?? t("noDescription")}
        </div>
        <div className={classes.muted}>
          <span className="tabular">{formatDate(study.study_date) ?? t("noDate")}</span> ·{" "}
          {institutionName(study.institution, language)}
        </div>
      </div>
      <div className={`${classes.small} ${classes.images} tabular`}>{t("images", { count: study.instance_count })}</div>
      <div className={classes.ai}>
        <AiState ai={study.ai} />
      </div>
      <div className={`${classes.muted} ${classes.when} tabular`}>
        {formatInstant(study.received_at, now, language)}
      </div>
      <div className={classes.actions}>
        {mayAskConsult ? (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={`/consults/new?study=${encodeURIComponent(study.study_instance_uid)}`}
          >
            {t("askConsult")}
          </Button>
        ) : (
          <Button size="xs" variant="default" component={Link} to={address}>
            {t("open")}
          </Button>
        )}
      </div>
    </li>
  );
}
