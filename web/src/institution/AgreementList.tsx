import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconFileOff, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useAcceptAgreement, useEndAgreement } from "../api/institutionHooks";
import type { Agreement, Agreements } from "../api/types";
import { useLanguage } from "../app/i18n";
import { ReasonModal } from "../manage/ReasonModal";
import { institutionName } from "../ui/institution";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { AGREEMENT_STATE, dayOf, lastDayOf } from "./agreement";
import classes from "./institution.module.css";

function Row({ agreement, onEnd }: { agreement: Agreement; onEnd: () => void }) {
  const { t } = useTranslation("institution");
  const language = useLanguage();
  const say = useProblemText();
  const accept = useAcceptAgreement();
  const { tone, icon } = AGREEMENT_STATE[agreement.state];
  const listed = new Intl.ListFormat(language, { type: "conjunction" });
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <div className={classes.title}>
          {t("agreements.mayAsk", {
            inviting: institutionName(agreement.inviting, language),
            invited: institutionName(agreement.invited, language),
          })}
          <Tag tone={tone} icon={icon} plain>
            {t(`state.${agreement.state}`)}
          </Tag>
        </div>
        <div>
          {listed.format(agreement.specialties.map((one) => t(`common:specialty.${one}`)))} ·{" "}
          {listed.format(agreement.legal_roles.map((one) => t(`consult:legalRole.${one}`)))}
        </div>
        <div className={`${classes.muted} tabular`}>
          {t("agreements.period", {
            from: dayOf(new Date(agreement.starts_at)),
            until: lastDayOf(agreement.ends_at),
          })}
          {agreement.carried_over && ` · ${t("agreements.carriedOver")}`}
        </div>
        {agreement.end_reason !== null && (
          <div className={classes.muted}>{t("agreements.endedBecause", { reason: agreement.end_reason })}</div>
        )}
        {agreement.state === "proposed" && !agreement.may_accept && (
          <div className={classes.muted}>{t("agreements.waitsForThem")}</div>
        )}
      </div>
      <div className={classes.actions}>
        {agreement.may_accept && (
          <Button
            size="xs"
            leftSection={<IconCheck size={14} />}
            loading={accept.isPending}
            onClick={() =>
              accept.mutate(agreement.id, {
                onSuccess: () => notifications.show({ color: "moss", message: t("agreements.accepted") }),
                onError: (error) =>
                  notifications.show({ color: "signal", title: t("agreements.accept"), message: say(error) }),
              })
            }
          >
            {t("agreements.accept")}
          </Button>
        )}
        {agreement.may_end && (
          <Button size="xs" variant="subtle" color="signal" leftSection={<IconX size={14} />} onClick={onEnd}>
            {t(agreement.state === "proposed" ? "agreements.refuse" : "agreements.end")}
          </Button>
        )}
      </div>
    </li>
  );
}

/** The own institution's agreements with others. */
export function AgreementList({ known }: { known: Agreements }) {
  const { t } = useTranslation("institution");
  const end = useEndAgreement();
  const [ending, setEnding] = useState<Agreement | null>(null);
  const dismiss = () => {
    setEnding(null);
    end.reset();
  };
  return (
    <Panel flush title={t("agreements.title")}>
      <p className={classes.explained}>{t("agreements.text")}</p>
      {known.agreements.length === 0 ? (
        <EmptyState icon={IconFileOff} title={t("agreements.empty")} text={t("agreements.emptyText")} />
      ) : (
        <ul className={classes.rows}>
          {known.agreements.map((agreement) => (
            <Row key={agreement.id} agreement={agreement} onEnd={() => setEnding(agreement)} />
          ))}
        </ul>
      )}
      {ending !== null && (
        <ReasonModal
          title={t("agreements.endTitle")}
          text={t("agreements.endText")}
          action={t(ending.state === "proposed" ? "agreements.refuse" : "agreements.end")}
          danger
          pending={end.isPending}
          error={end.error}
          onConfirm={(reason) => end.mutate({ id: ending.id, reason }, { onSuccess: dismiss })}
          onClose={dismiss}
        />
      )}
    </Panel>
  );
}
