import { Button, Group } from "@mantine/core";
import { IconChecks, IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useStudy } from "../api/hooks";
import type { StudySummary } from "../api/types";
import { useLanguage } from "../app/i18n";
import { AiState } from "../studies/AiState";
import { formatDate, formatPersonName } from "../ui/format";
import { ProgressLine } from "../ui/ProgressLine";
import { Tag } from "../ui/Tag";
import { SeriesRows } from "./SeriesRows";
import type { UploadSession } from "./session";
import type { StudyProgress } from "./summary";
import classes from "./upload.module.css";

export interface UploadStudyProps {
  session: UploadSession;
  progress: StudyProgress;
  /** What the server already says of it. */
  study: StudySummary | undefined;
  /** Nothing of the drop is under way any more. */
  settled: boolean;
  offerConsult: boolean;
}

/** One study of a drop: images stored, then the AI's reading, then what to do with it. */
export function UploadStudy({ session, progress, study, settled, offerConsult }: UploadStudyProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const { image_count, stored_count, already_present_count, refused_count, size_bytes, sent_bytes } = progress;
  const name = progress.patient_name || study?.patient.name || "";
  const patientId = progress.patient_id || (study?.patient.patient_id ?? "");
  const description = progress.study_description ?? study?.study_description ?? t("noDescription");
  const date = formatDate(progress.study_date ?? study?.study_date ?? null);
  const uid = progress.archive_study_uid;
  const done = stored_count + refused_count >= image_count && settled;
  const wasThere = done && stored_count > 0 && already_present_count === stored_count;
  const detail = useStudy(done && stored_count > 0 ? uid : undefined, false);
  const judged = detail.data?.series ?? [];
  const isCaution = judged.some(({ verdict }) => verdict !== null && verdict !== "usable");
  const fraction = done ? 1 : size_bytes > 0 ? sent_bytes / size_bytes : 0;
  return (
    <li className={classes.item} data-testid="upload-study" data-study={uid}>
      <div className={classes.itemHead}>
        <span>
          <span className={classes.itemName}>{name === "" ? t("unknownPatient") : formatPersonName(name, language)}</span>{" "}
          <span className={`${classes.muted} tabular`}>
            {t("common:patientId")} {patientId || "—"}
          </span>
        </span>
        <span className={classes.muted}>
          {[progress.modality ?? study?.modalities.join(" / "), description, date].filter(Boolean).join(" · ")}
        </span>
      </div>
      <ProgressLine value={fraction} label={t("progressOf", { name: formatPersonName(name, language) })} />
      <div className={classes.itemFoot}>
        <Group gap="sm">
          {wasThere ? (
            <Tag tone="petrol" icon={IconChecks}>
              {t("alreadyThere")}
            </Tag>
          ) : (
            done && stored_count > 0 && (
              <Tag tone="moss" icon={IconCircleCheck}>
                {t("stored")}
              </Tag>
            )
          )}
          <span className={`${classes.muted} tabular`}>
            {t("storedOf", { stored: stored_count, total: image_count })}
            {!wasThere && already_present_count > 0 && ` · ${t("ofWhichThere", { count: already_present_count })}`}
            {refused_count > 0 && ` · ${t("refusedCount", { count: refused_count })}`}
          </span>
          {study !== undefined && stored_count > 0 && <AiState ai={study.ai} />}
        </Group>
        {stored_count > 0 && (
          <Group gap="xs">
            <Button size="xs" variant="default" component={Link} to={`/studies/${uid}`}>
              {t("openStudy")}
            </Button>
            {offerConsult && (
              <Button
                size="xs"
                component={Link}
                to={`/consults/new?study=${encodeURIComponent(uid)}`}
              >
                {t("common:nav.newConsult")}
              </Button>
            )}
          </Group>
        )}
      </div>
      {progress.series.length > 0 && (
        <details className={classes.seriesBox} open={isCaution || undefined}>
          <summary>{t("seriesCount", { count: progress.series.length })}</summary>
          <SeriesRows session={session} series={progress.series} judged={judged} />
        </details>
      )}
    </li>
  );
}
