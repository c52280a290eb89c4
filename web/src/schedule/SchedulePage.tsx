import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCalendarPlus, IconCalendarOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useSchedule, useStudiesByUid } from "../api/hooks";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { CancelDialog, useCancelling } from "./CancelDialog";
import { PlanDialog } from "./PlanDialog";
import { ProcedureRows } from "./ProcedureRows";
import classes from "./schedule.module.css";

/** What scanners find on their worklist, and what became of it. */
export function SchedulePage() {
  const { t } = useTranslation("schedule");
  const schedule = useSchedule();
  const cancelling = useCancelling();
  const [planning, plan] = useDisclosure(false);
  const all = schedule.data ?? [];
  const waiting = all.filter(({ status }) => status === "scheduled");
  const past = all.filter(({ status }) => status !== "scheduled").reverse();
  const studies = useStudiesByUid(
    past.filter(({ status }) => status === "completed").map(({ study_instance_uid }) => study_instance_uid),
  );
  const arrived = new Set(studies.data?.map(({ study_instance_uid }) => study_instance_uid));
  const planButton = (
    <Button leftSection={<IconCalendarPlus size={16} />} onClick={plan.open}>
      {t("plan")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} actions={planButton} />
      <div className={classes.stack}>
        <Panel flush title={t("waiting")}>
          {schedule.isPending && <LoadingState />}
          {schedule.isError && <ErrorState error={schedule.error} onRetry={() => void schedule.refetch()} />}
          {schedule.isSuccess && waiting.length === 0 && (
            <EmptyState icon={IconCalendarOff} title={t("empty")} text={t("emptyText")} />
          )}
          <ProcedureRows procedures={waiting} arrived={arrived} onCancel={cancelling.ask} />
        </Panel>
        {past.length > 0 && (
          <Panel flush title={t("past")}>
            <ProcedureRows procedures={past} arrived={arrived} onCancel={cancelling.ask} />
          </Panel>
        )}
      </div>
      <PlanDialog opened={planning} onClose={plan.close} />
      <CancelDialog cancelling={cancelling} />
    </>
  );
}
