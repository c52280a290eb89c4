import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload, IconStethoscope, IconUserOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { addresses, get } from "../api/client";
import type { StudyDetail } from "../api/types";
import { useLanguage } from "../app/i18n";
import { DeidentifyDialog } from "../exports/DeidentifyDialog";
import { actorName, formatDate, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { PatientLine } from "../ui/PatientLine";
import { useProblemText } from "../ui/problem";
import { ReadingButtons } from "../worklist/ReadingBar";
import classes from "./studyPage.module.css";

/** Whose images these are and what study it is: always in sight, so that no finding lands on the wrong patient. */
export function StudyBanner({ study, mayAskConsult }: { study: StudyDetail; mayAskConsult: boolean }) {
  const { t } = useTranslation("study");
  const language = useLanguage();
  const say = useProblemText();
  const [exporting, setExporting] = useState(false);
  const by = actorName(study.uploaded_by);
  const facts = [
    study.modalities.join(" / "),
    study.study_description ?? t("noDescription"),
    formatDate(study.study_date),
    institutionName(study.institution, language),
  ].filter(Boolean);
  return (
    <div className={classes.banner}>
      <h1 className={classes.bannerPatient}>
        <PatientLine patient={study.patient} full />
      </h1>
      <div className={classes.bannerFacts}>
        {facts.join(" · ")}
        <span className={classes.bannerMinor}>
          {" · "}
          {t("received", { when: formatInstant(study.received_at, new Date(), language) })}
          {by !== null && ` · ${t("by", { who: by })}`}
        </span>
      </div>
      <div className={classes.bannerSteps}>
        <Button
          size="xs"
          variant="default"
          component="a"
          href={addresses.studyArchive(study.study_instance_uid)}
          download
          onClick={(event) => {
            event.preventDefault();
            const { href } = event.currentTarget;
            void get("/session/freshness").then(
              () => location.assign(href),
              (error: unknown) => notifications.show({ color: "signal", message: say(error) }),
            );
          }}
          title={t("downloadHint")}
          leftSection={<IconDownload size={15} />}
        >
          {t("download")}
        </Button>
        <Button size="xs" variant="default" onClick={() => setExporting(true)} leftSection={<IconUserOff size={15} />}>
          {t("exports:open")}
        </Button>
        <DeidentifyDialog study={study.study_instance_uid} opened={exporting} onClose={() => setExporting(false)} />
        <ReadingButtons study={study} />
        {mayAskConsult && (
          <Button
            size="xs"
            component={Link}
            to={`/consults/new?study=${encodeURIComponent(study.study_instance_uid)}`}
            leftSection={<IconStethoscope size={15} />}
          >
            {t("askConsult")}
          </Button>
        )}
      </div>
    </div>
  );
}
