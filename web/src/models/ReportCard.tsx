import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconEye, IconPlayerPause } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "../api/hooks";
import { useResumeModel } from "../api/modelHooks";
import type { ModelAlarm, ModelReportCard } from "../api/types";
import { useLanguage } from "../app/i18n";
import { ReasonModal } from "../manage/ReasonModal";
import { formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { Tag } from "../ui/Tag";
import { DriftChart } from "./DriftChart";
import { LocalFigures } from "./LocalFigures";
import { ModelFacts } from "./ModelFacts";
import { ReliabilityDiagram } from "./ReliabilityDiagram";
import classes from "./models.module.css";

const STATE = {
  active: { tone: "moss", icon: IconCircleCheck },
  shadow: { tone: "petrol", icon: IconEye },
  suspended: { tone: "signal", icon: IconPlayerPause },
  candidate: { tone: "neutral", icon: IconCircleDashed },
  retired: { tone: "neutral", icon: IconCircleDashed },
} as const;
const DIGEST_SHOWN = 16;

function Alarm({ alarm }: { alarm: ModelAlarm }) {
  const { t } = useTranslation("models");
  const language = useLanguage();
  const where = [alarm.institution && institutionName(alarm.institution, language), alarm.scanner].filter(Boolean).join(" · ");
  const { psi, series, accepted, decided } = alarm.figures as Record<string, number | undefined>;
  const subject = t(`subject.${alarm.subject}`, { defaultValue: alarm.subject });
  return (
    <li className={classes.alarm} data-over={alarm.cleared_at !== null || undefined}>
      <Tag tone={alarm.cleared_at !== null ? "neutral" : alarm.level === "critical" ? "signal" : "amber"} icon={IconAlertTriangle} plain>
        {alarm.kind === "agreement" ? t("alarm.agreement", { accepted, decided }) : t("alarm.drift", { subject, psi: psi?.toFixed(2), count: series ?? 0 })}
      </Tag>
      <span className={classes.muted}>
        {where || t("allSites")} · {t("alarm.since", { when: formatInstant(alarm.raised_at, new Date(), language) })}
        {alarm.cleared_at !== null && ` · ${t("alarm.over")}`}
      </span>
    </li>
  );
}

function Suspension({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const language = useLanguage();
  const me = useMe();
  const resume = useResumeModel();
  const [asking, setAsking] = useState(false);
  const mayResume = me.data?.roles.includes("administrator") ?? false;
  return (
    <Note tone="signal" title={t("suspended", { when: formatInstant(card.state_since, new Date(), language) })}>
      <p className={classes.plain}>{card.state_reason}</p>
      <p className={classes.plain}>{t("suspendedText")}</p>
      {mayResume && (
        <Button size="xs" variant="default" onClick={() => setAsking(true)}>
          {t("resume")}
        </Button>
      )}
      {asking && (
        <ReasonModal
          title={t("resume")}
          text={t("resumeText")}
          action={t("resume")}
          pending={resume.isPending}
          error={resume.error}
          onClose={() => setAsking(false)}
          onConfirm={(reason) =>
            resume.mutate({ name: card.name, version: card.version, reason }, { onSuccess: () => setAsking(false) })
          }
        />
      )}
    </Note>
  );
}

/** One version: its state, what was measured of it before it came, and what is seen of it here. */
export function ReportCard({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const look = STATE[card.state];
  return (
    <Panel
      label={`${card.name} ${card.version}`}
      title={
        <>
          {t(`slot.${card.slot}`, { defaultValue: card.slot })} <span className={classes.muted}>{`${card.name} ${card.version}`}</span>
        </>
      }
      actions={
        <Tag tone={look.tone} icon={look.icon}>
          {t(`state.${card.state}`)}
        </Tag>
      }
    >
      <div className={classes.card} data-testid="report-card" data-state={card.state}>
        {card.state === "suspended" && <Suspension card={card} />}
        <section>
          <h3 className={classes.heading}>{t("alarms")}</h3>
          {card.alarms.length === 0 ? (
            <p className={classes.muted}>{t("noAlarms")}</p>
          ) : (
            <ul className={classes.alarms}>
              {card.alarms.map((alarm) => (
                <Alarm key={`${alarm.kind} ${alarm.subject} ${alarm.scanner} ${alarm.raised_at}`} alarm={alarm} />
              ))}
            </ul>
          )}
        </section>
        <LocalFigures card={card} />
        <div className={classes.charts}>
          <DriftChart card={card} />
          <ReliabilityDiagram card={card} />
        </div>
        <ModelFacts card={card} />
        <p className={classes.digest} title={card.weights_sha256}>
          {t("weights")} SHA-256 {card.weights_sha256.slice(0, DIGEST_SHOWN)}…
        </p>
      </div>
    </Panel>
  );
}
