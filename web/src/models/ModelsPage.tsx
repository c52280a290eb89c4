import { IconChartDots } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useReportCards } from "../api/modelHooks";
import { Narrow } from "../ui/Narrow";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { ReportCard } from "./ReportCard";
import classes from "./models.module.css";

/** For administrators and radiologists: which models read here, and how well they do on this hospital's images. */
export function ModelsPage() {
  const { t } = useTranslation("models");
  const cards = useReportCards();
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      {cards.isPending && <LoadingState rows={8} />}
      {cards.isError && <ErrorState error={cards.error} onRetry={() => void cards.refetch()} />}
      {cards.isSuccess && cards.data.cards.length === 0 && (
        <Panel>
          <EmptyState icon={IconChartDots} title={t("empty")} text={t("emptyText")} />
        </Panel>
      )}
      {cards.isSuccess && (
        <div className={classes.stack}>
          {cards.data.cards.map((card) => (
            <ReportCard key={`${card.name} ${card.version}`} card={card} />
          ))}
        </div>
      )}
    </Narrow>
  );
}
