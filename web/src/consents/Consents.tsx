import { Anchor, Button, FileButton, Group } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconClockExclamation, IconDownload, IconScan } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { scanAddress, useConsents, useReviewEmergency, useSendScan, useWithdrawConsent, type Consent, type Consents as All } from "../api/consentHooks";
import { usePollMs } from "../api/events";
import { useLanguage } from "../app/i18n";
import { formatBytes, formatInstant, formatPercent } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { Tag } from "../ui/Tag";
import classes from "./consents.module.css";
import { RecordConsent } from "./RecordConsent";
import { WordsDialog } from "./WordsDialog";

const SCANS = "application/pdf,image/jpeg,image/png";

/** Whether the patient has consented, every consent that there was, and what can be done about it. */
export function Consents({ consultId }: { consultId: string }) {
  const { t } = useTranslation("consent");
  const query = useConsents(consultId, usePollMs());
  // Who has no part in the patient's treatment yet sees the summary in the request.
  if (!query.isSuccess) return null;
  return (
    <Panel title={t("title")}>
      <Body consultId={consultId} all={query.data} />
    </Panel>
  );
}

function Body({ consultId, all }: { consultId: string; all: All }) {
  const { t } = useTranslation("consent");
  const [asking, setAsking] = useState<"record" | "withdraw" | null>(null);
  const withdraw = useWithdrawConsent(consultId);
  const close = () => setAsking(null);
  return (
    <div className={classes.list}>
      {!all.is_in_force && (
        <Note tone="signal" title={t("none")}>
          {t("noneText")}
        </Note>
      )}
      <ul className={classes.list}>
        {all.consents.map((consent) => (
          <One key={consent.id} consultId={consultId} consent={consent} all={all} />
        ))}
      </ul>
      <Group gap={8}>
        {all.may_record && (
          <Button size="xs" variant={all.is_in_force ? "default" : "filled"} onClick={() => setAsking("record")}>
            {t("record")}
          </Button>
        )}
        {all.is_in_force && (
          <Button size="xs" variant="subtle" color="signal" onClick={() => setAsking("withdraw")}>
            {t("withdraw")}
          </Button>
        )}
      </Group>
      <RecordConsent consultId={consultId} text={all.text} opened={asking === "record"} onClose={close} />
      <WordsDialog
        opened={asking === "withdraw"}
        onClose={close}
        title={t("withdrawTitle")}
        text={t("withdrawText")}
        label={t("reason")}
        confirm={t("withdraw")}
        isDanger
        step={withdraw}
        onSay={(reason) => withdraw.mutate(reason, { onSuccess: close })}
      />
    </div>
  );
}

const look = (consent: Consent) =>
  consent.withdrawal !== null
    ? ({ tone: "neutral", icon: IconCircleX, word: "withdrawn" } as const)
    : consent.awaits_review
      ? ({ tone: "amber", icon: IconClockExclamation, word: "toReview" } as const)
      : ({ tone: "moss", icon: IconCircleCheck, word: "inForce" } as const);

function One({ consultId, consent, all }: { consultId: string; consent: Consent; all: All }) {
  const { t } = useTranslation("consent");
  const language = useLanguage();
  const when = (value: string) => formatInstant(value, new Date(), language);
  const { tone, icon, word } = look(consent);
  const { withdrawal, review, text } = consent;
  const giver = consent.giver === null ? null : t(`by.${consent.giver}`);
  const facts = [
    [giver, consent.relation].filter(Boolean).join("："),
    consent.signature,
    consent.witness && t("witnessed", { name: consent.witness }),
    text && t("text", { version: text.version }),
  ].filter(Boolean);
  return (
    <li className={classes.one} data-withdrawn={withdrawal !== null || undefined}>
      <div className={classes.head}>
        <strong>{t(`consult:consent.${consent.method}`)}</strong>
        <Tag tone={tone} icon={icon} plain>
          {t(`state.${word}`)}
        </Tag>
      </div>
      {facts.length > 0 && <div>{facts.join(" · ")}</div>}
      {consent.note && <div className={classes.said}>{consent.note}</div>}
      <div className={`${classes.muted} tabular`}>
        {[when(consent.given_at), consent.recorded_by?.display_name ?? t("byLink")].join(" · ")}
      </div>
      {withdrawal && (
        <div className={classes.muted}>
          {t("withdrawnBy", {
            when: when(withdrawal.at),
            name: withdrawal.by?.display_name ?? t("byPatient"),
            reason: withdrawal.reason || t("noReason"),
          })}
        </div>
      )}
      {review && (
        <div className={classes.muted}>
          {t("reviewedBy", { when: when(review.at), name: review.by.display_name, note: review.note })}
        </div>
      )}
      <Paper consultId={consultId} consent={consent} maySend={all.may_record} />
      {consent.awaits_review && all.may_review && <ReviewButton consultId={consultId} consentId={consent.id} />}
    </li>
  );
}

/** The signed paper: to open, or to send where there is none yet. */
function Paper({ consultId, consent, maySend }: { consultId: string; consent: Consent; maySend: boolean }) {
  const { t } = useTranslation("consent");
  const say = useProblemText();
  const [sent, setSent] = useState(0);
  const send = useSendScan(consultId, setSent);
  if (consent.scan !== null) {
    return (
      <Anchor size="sm" href={scanAddress(consultId, consent.id)} download>
        <IconDownload size={15} aria-hidden /> {t("scan", { size: formatBytes(consent.scan.size_bytes) })}
      </Anchor>
    );
  }
  const isOnPaper = consent.method === "written" || consent.method === "witnessed";
  if (!maySend || !isOnPaper || consent.withdrawal !== null) return null;
  return (
    <>
      <FileButton accept={SCANS} onChange={(file) => file && send.mutate({ id: consent.id, file })}>
        {(button) => (
          <Button {...button} size="compact-sm" variant="default" w="fit-content" maw="100%" leftSection={<IconScan size={15} aria-hidden />} loading={send.isPending}>
            {t("sendScan")}
          </Button>
        )}
      </FileButton>
      {send.isPending && (
        <div className={classes.muted} role="status">
          {t("sending", { done: formatPercent(sent) })}
        </div>
      )}
      {send.isError && (
        <Note tone="signal" alert>
          {say(send.error)}
        </Note>
      )}
    </>
  );
}

export function ReviewButton({ consultId, consentId }: { consultId: string; consentId: string }) {
  const { t } = useTranslation("consent");
  const [isAsking, setAsking] = useState(false);
  const review = useReviewEmergency(consultId);
  const close = () => setAsking(false);
  return (
    <>
      <Button size="compact-sm" w="fit-content" onClick={() => setAsking(true)}>
        {t("review")}
      </Button>
      <WordsDialog
        opened={isAsking}
        onClose={close}
        title={t("reviewTitle")}
        text={t("reviewText")}
        label={t("reviewNote")}
        confirm={t("review")}
        step={review}
        onSay={(note) => review.mutate({ id: consentId, note }, { onSuccess: close })}
      />
    </>
  );
}
