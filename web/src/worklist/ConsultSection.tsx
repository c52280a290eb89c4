import { IconInbox } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useConsults } from "../api/hooks";
import type { Me } from "../api/types";
import type { Phase } from "../consults/status";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { ConsultRow } from "./ConsultRow";
import { consultsInPhase, firstPhase, PHASES, readsForOthers } from "./sections";
import { Tabs } from "./Tabs";
import classes from "./worklist.module.css";

const COLUMNS = ["urgency", "patient", "question", "counterpart", "waiting", "status"] as const;

export function ConsultSection({ me }: { me: Me }) {
  const { t } = useTranslation("worklist");
  const consults = useConsults(usePollMs());
  const [chosen, setChosen] = useState<Phase | null>(null);
  const reader = readsForOthers(me);
  const all = consults.data ?? [];
  const phase = chosen ?? firstPhase(all);
  const shown = consultsInPhase(all, phase);
  const side = reader ? "incoming" : "own";

  return (
    <Panel
      flush
      title={t(`consults.${side}`)}
      actions={
        <Tabs
          label={t(`consults.${side}`)}
          panelId="consult-rows"
          tabs={PHASES.map((id) => ({ id, label: t(`phase.${id}`), count: consultsInPhase(all, id).length }))}
          current={phase}
          onChange={setChosen}
        />
      }
    >
      <div id="consult-rows" role="tabpanel" className={classes.consults}>
        {consults.isPending && <LoadingState />}
        {consults.isError && <ErrorState error={consults.error} onRetry={() => void consults.refetch()} />}
        {consults.isSuccess && shown.length === 0 && (
          <EmptyState icon={IconInbox} title={t(`empty.${phase}`)} text={t(`empty.${side}`)} />
        )}
        {shown.length > 0 && (
          <>
            <div className={classes.head} aria-hidden>
              {COLUMNS.map((column) => (
                <span key={column}>
                  {t(column === "counterpart" ? (reader ? "column.requester" : "column.specialist") : `column.${column}`)}
                </span>
              ))}
            </div>
            <ul className={classes.rows}>
              {shown.map((consult) => (
                <ConsultRow
                  key={consult.id}
                  consult={consult}
                  counterpart={consult.requested_by.id === me.id ? "specialist" : "requester"}
                />
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}
