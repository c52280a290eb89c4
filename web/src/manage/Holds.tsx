import { Button } from "@mantine/core";
import { IconLockOpen, IconLockOpen2 } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { MOST_HOLD_REASON, useEndHold, useLegalHolds, type LegalHold } from "../api/holdHooks";
import type { Management } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Panel } from "../ui/Panel";
import { PatientLine } from "../ui/PatientLine";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { useNow } from "../ui/useNow";
import { HoldSubjectLine } from "./HoldSubjectLine";
import { PlaceHolds } from "./PlaceHolds";
import { ReasonModal } from "./ReasonModal";
import classes from "./manage.module.css";

const DAY_MS = 86_400_000;

function Row({ hold, onEnd }: { hold: LegalHold; onEnd: (() => void) | null }) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const now = useNow();
  const who = (one: LegalHold["placed_by"]) =>
    one?.display_name ?? (hold.institution === null ? t("holds.commandLine") : institutionName(hold.institution, language));
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <HoldSubjectLine subject={hold.on} />
        {hold.reason !== null && <div>{t("holds.because", { reason: hold.reason })}</div>}
        <div className={classes.muted}>
          {t("holds.placed", { who: who(hold.placed_by), at: formatInstant(hold.placed_at, now, language) })}
        </div>
        {hold.lifted_at !== null && (
          <div className={classes.muted}>
            {[
              t("holds.ended", { who: who(hold.lifted_by), at: formatInstant(hold.lifted_at, now, language) }),
              hold.lift_reason,
            ]
              .filter((fact) => fact !== null)
              .join(" · ")}
          </div>
        )}
        {!hold.is_own && hold.lifted_at === null && (
          <div className={classes.muted}>
            {t(hold.institution === null ? "holds.endedByCommandLine" : "holds.endedByOther")}
          </div>
        )}
      </div>
      {onEnd !== null && (
        <div className={classes.actions}>
          <Button size="xs" variant="default" leftSection={<IconLockOpen size={14} />} onClick={onEnd}>
            {t("holds.end")}
          </Button>
        </div>
      )}
    </li>
  );
}

/** What may not be deleted while a dispute or an inquiry lasts: put on hold, who did and why, end it. */
export function Holds({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  const now = useNow();
  const holds = useLegalHolds();
  const end = useEndHold();
  const [ending, setEnding] = useState<LegalHold | null>(null);
  const close = () => {
    setEnding(null);
    end.reset();
  };
  const standing = holds.data?.filter((one) => one.lifted_at === null) ?? [];
  const ended = holds.data?.filter((one) => one.lifted_at !== null) ?? [];
  const free = new Date(now.getTime() + management.grace_days * DAY_MS).toISOString();
  return (
    <div className={classes.stack}>
      <Panel flush title={t("holds.title")}>
        <p className={classes.explained}>{t("holds.text")}</p>
        {holds.isPending && <LoadingState rows={3} />}
        {holds.isError && <ErrorState error={holds.error} onRetry={() => void holds.refetch()} />}
        {holds.isSuccess && standing.length === 0 && <EmptyState icon={IconLockOpen2} title={t("holds.empty")} />}
        {standing.length > 0 && (
          <ul className={classes.rows}>
            {standing.map((hold) => (
              <Row key={hold.id} hold={hold} onEnd={hold.is_own ? () => setEnding(hold) : null} />
            ))}
          </ul>
        )}
      </Panel>
      <PlaceHolds />
      {ended.length > 0 && (
        <Panel flush title={t("holds.endedTitle")}>
          <ul className={classes.rows}>
            {ended.map((hold) => (
              <Row key={hold.id} hold={hold} onEnd={null} />
            ))}
          </ul>
        </Panel>
      )}
      {ending !== null && (
        <ReasonModal
          danger
          title={t("holds.endTitle")}
          text={t("holds.endText", { date: formatDate(free) })}
          action={t("holds.end")}
          most={MOST_HOLD_REASON}
          pending={end.isPending}
          error={end.error}
          onClose={close}
          onConfirm={(reason) => end.mutate({ id: ending.id, reason }, { onSuccess: close })}
        >
          <PatientLine patient={ending.on.patient} full />
        </ReasonModal>
      )}
    </div>
  );
}
