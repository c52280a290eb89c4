import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useChain, useVerifyChain, type Fault } from "../api/auditHooks";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatMoment } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./audit.module.css";

function Broken({ fault }: { fault: Fault }) {
  const { t } = useTranslation("audit");
  const language = useLanguage();
  return (
    <Note tone="signal" title={t("chain.broken")} alert>
      {inLanguage(fault.sentence, language)} {t("chain.brokenText")}
    </Note>
  );
}

/** Whether the log holds: at once since the last signature, and in whole when somebody asks. */
export function ChainState() {
  const { t } = useTranslation("audit");
  const say = useProblemText();
  const chain = useChain();
  const verify = useVerifyChain();
  if (chain.isPending) return <LoadingState rows={4} />;
  if (chain.isLoadingError) return <ErrorState error={chain.error} onRetry={() => void chain.refetch()} />;
  const { entries, last_checkpoint: last, fault, public_key: key } = chain.data;
  return (
    <div className={classes.stack}>
      {fault === null ? <Note tone="moss" title={t("chain.holds")}>{t("chain.holdsText")}</Note> : <Broken fault={fault} />}
      <Panel
        title={t("chain.title")}
        actions={
          <Button size="xs" variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>
            {t("chain.verify")}
          </Button>
        }
      >
        <dl className={classes.facts}>
          <dt>{t("chain.entries")}</dt>
          <dd className="tabular">{entries}</dd>
          <dt>{t("chain.last")}</dt>
          <dd className="tabular">
            {last === null ? t("chain.none") : `${t("number", { number: last.sequence })} · ${formatMoment(last.at)}`}
          </dd>
          <dt>{t("chain.key")}</dt>
          <dd className={classes.key}>{key}</dd>
        </dl>
        {verify.isPending && <p className={classes.muted}>{t("chain.verifying")}</p>}
        {verify.isError && (
          <Note tone="signal" alert>
            {say(verify.error)}
          </Note>
        )}
        {verify.isSuccess &&
          (verify.data.fault === null ? (
            <Note tone="moss" alert>
              {t("chain.verified", { entries: verify.data.entries, checkpoints: verify.data.checkpoints })}
            </Note>
          ) : (
            <Broken fault={verify.data.fault} />
          ))}
      </Panel>
      <p className={classes.muted}>{t("chain.elsewhere")}</p>
    </div>
  );
}
