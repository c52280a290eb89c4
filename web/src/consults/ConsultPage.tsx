import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { useUnread } from "../api/chatHooks";
import { usePollMs } from "../api/events";
import { useConsult, useMe } from "../api/hooks";
import type { Consult, StudySummary } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Consents } from "../consents/Consents";
import { CriticalResults } from "../critical/CriticalResults";
import { EmergencyOffer } from "../emergency/EmergencyOffer";
import { PatientSide } from "../history/PatientSide";
import { PanelOfOpinions } from "../opinions/PanelOfOpinions";
import { PatientLinks } from "../patient/PatientLinks";
import { ReportEditor } from "../reports/ReportEditor";
import { Chat } from "../chat/Chat";
import { UnreadTag } from "../chat/UnreadTag";
import { RingingNote } from "../ringing/RingingNote";
import { AiState } from "../studies/AiState";
import { Thumbnail } from "../studies/Thumbnail";
import { formatDate } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Panel } from "../ui/Panel";
import { PatientLine } from "../ui/PatientLine";
import { ErrorState, LoadingState } from "../ui/states";
import { Calls } from "./Calls";
import { ConsultActions } from "./ConsultActions";
import classes from "./consults.module.css";
import { ConsultStatusTag, UrgencyTag } from "./ConsultTags";
import { Measured } from "./Measured";
import { ReachNote } from "./ReachNote";
import { Recordings } from "./Recordings";
import { HAS_REPORT } from "./status";
import { Stills } from "./Stills";
import { Timeline } from "./Timeline";

function StudyLine({ study, letter }: { study: StudySummary; letter: string | undefined }) {
  const { t } = useTranslation("study");
  return (
    <li className={classes.study}>
      <Thumbnail study={study} />
      <div className={classes.studyName}>
        <div>
          {letter !== undefined && <b>{letter} · </b>}
          {study.modalities.join(" / ")} · {study.study_description ?? t("noDescription")}
        </div>
        <div className={`${classes.muted} tabular`}>
          {[formatDate(study.study_date), t("images", { count: study.instance_count })].filter(Boolean).join(" · ")}
        </div>
      </div>
      <AiState ai={study.ai} />
      <Button size="xs" variant="default" component={Link} to={`/studies/${study.study_instance_uid}`}>
        {t("upload:openStudy")}
      </Button>
    </li>
  );
}

/** From when there is somebody on the other side to write to. */
function ConsultChat({ consult }: { consult: Consult }) {
  const { t } = useTranslation("chat");
  const isThere = consult.specialist !== null && consult.may_chat;
  const unread = useUnread(consult.id, usePollMs(), isThere);
  if (!isThere) return null;
  return (
    <Panel title={t("title")} actions={unread > 0 && <UnreadTag count={unread} />}>
      <Chat consultId={consult.id} />
    </Panel>
  );
}

function Request({ consult }: { consult: Consult }) {
  const { t } = useTranslation("consult");
  const language = useLanguage();
  const me = useMe().data;
  const waits = consult.status === "requested" && me?.institution.id === consult.requested_by.institution.id;
  const person = (who: Consult["specialist"]) =>
    who === null ? "—" : `${who.display_name} · ${institutionName(who.institution, language)}`;
  return (
    <Panel title={t("question")}>
      <p className={classes.question}>{consult.question}</p>
      {waits && consult.urgency !== "routine" && <RingingNote consultId={consult.id} />}
      {waits && <ReachNote specialty={consult.specialty} legalRole={consult.legal_role} />}
      <dl className={classes.facts}>
        <dt>{t("requestedBy")}</dt>
        <dd>{person(consult.requested_by)}</dd>
        <dt>{t("specialist")}</dt>
        <dd>
          {person(consult.specialist)}
          {consult.specialist === null &&
            ` (${t(`common:specialty.${consult.specialty}`, { defaultValue: consult.specialty })})`}
        </dd>
        <dt>{t("form.legalRole")}</dt>
        <dd>
          {consult.form !== "call" && `${t(`opinion:form.${consult.form}`)} · `}
          {t(`legalRole.${consult.legal_role}`)}
          <div className={classes.muted}>{t(`legalRoleText.${consult.legal_role}`)}</div>
        </dd>
        <dt>{t("form.consent")}</dt>
        <dd>
          {consult.consent === null ? t("consent:none") : t(`consent.${consult.consent.method}`)}
          {consult.consent?.awaits_review && ` · ${t("consent:state.toReview")}`}
          {consult.consent?.note && <div className={classes.muted}>{consult.consent.note}</div>}
        </dd>
      </dl>
    </Panel>
  );
}

export function ConsultPage() {
  const { t } = useTranslation("consult");
  const { consultId } = useParams();
  const query = useConsult(consultId, usePollMs());
  if (query.isPending) return <LoadingState rows={8} />;
  if (query.isLoadingError) {
    return (
      <>
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        <EmergencyOffer error={query.error} named={{ consult_id: consultId ?? "" }} />
      </>
    );
  }
  const consult = query.data;
  return (
    <>
      <div className={classes.banner}>
        <h1 className={classes.bannerPatient}>
          <PatientLine patient={consult.patient} full />
        </h1>
        <div className={classes.bannerTags}>
          <UrgencyTag urgency={consult.urgency} />
          <ConsultStatusTag status={consult.status} />
        </div>
      </div>
      <CriticalResults consultId={consult.id} />
      <div className={classes.grid}>
        <div className={classes.column}>
          <Request consult={consult} />
          <Panel flush title={t("studies")}>
            <ul className={classes.studies}>
              {consult.studies.map((study) => (
                <StudyLine key={study.study_instance_uid} study={study} letter={consult.study_letters[study.study_instance_uid]} />
              ))}
            </ul>
          </Panel>
          <Stills consultId={consult.id} />
          <Measured consult={consult} />
          {consult.form === "panel" && consult.status !== "requested" && <PanelOfOpinions consultId={consult.id} />}
          {consult.first_report !== null && !HAS_REPORT.has(consult.status) && (
            <Panel title={t("opinion:firstReport")}>
              <p className={classes.question}>{consult.first_report}</p>
            </Panel>
          )}
          <ConsultChat consult={consult} />
          {HAS_REPORT.has(consult.status) && (
            <div id="report" className={classes.anchor}>
              <ReportEditor consultId={consult.id} />
            </div>
          )}
        </div>
        <div className={`${classes.column} ${classes.aside}`}>
          <Panel title={t("nextStep")}>
            <ConsultActions consult={consult} />
          </Panel>
          <PatientLinks consultId={consult.id} />
          <Consents consultId={consult.id} />
          <PatientSide consult={consult} />
          <Panel title={t("history.title")}>
            <Timeline history={consult.history} />
          </Panel>
          <Calls consultId={consult.id} />
          <Recordings consultId={consult.id} />
        </div>
      </div>
    </>
  );
}
