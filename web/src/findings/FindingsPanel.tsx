import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { DecisionStatus, Finding, StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { AiProgress, NoFindings } from "./AiProgress";
import { BreastSummary } from "./BreastSummary";
import { FindingCard } from "./FindingCard";
import classes from "./findings.module.css";
import { mayDecide, neighbour, nextUndecided, orderedFindings } from "./order";
import { useDecisions } from "./useDecisions";
import { onOtherView } from "./viewPairs";

export interface FindingsPanelProps {
  study: StudyDetail;
  findings: Finding[];
  selectedFindingId: string | null;
  onSelect: (id: string) => void;
  /** Set where the decisions are taken within a consult. */
  consultId?: string;
}

/** All findings of a study with their decisions, by buttons and by the keys J K A R U. */
export function FindingsPanel({ study, findings, selectedFindingId, onSelect, consultId }: FindingsPanelProps) {
  const { t } = useTranslation("findings");
  const decisions = useDecisions();
  const ordered = useMemo(() => orderedFindings(findings, study.series), [findings, study.series]);
  const undecided = ordered.filter(({ status }) => status === "preliminary").length;

  const select = (finding: Finding | null) => {
    if (finding !== null) onSelect(finding.id);
  };
  const decideSelected = (status: DecisionStatus) => {
    const selected = ordered.find(({ id }) => id === selectedFindingId);
    if (selected === undefined || !mayDecide(selected, status)) return;
    decisions.decide(selected, status);
    if (status !== "preliminary") select(nextUndecided(ordered, selected.id));
  };
  useKeys({
    j: () => select(neighbour(ordered, selectedFindingId, 1)),
    k: () => select(neighbour(ordered, selectedFindingId, -1)),
    a: () => decideSelected("accepted"),
    r: () => decideSelected("rejected"),
    u: () => decideSelected("preliminary"),
  });

  return (
    <section className={classes.panel} aria-label={t("title")} data-consult={consultId}>
      <AiProgress study={study} />
      <BreastSummary study={study} />
      {ordered.length > 0 && (
        <div className={classes.summary}>
          <strong>{t("count", { count: ordered.length })}</strong>
          <span>{undecided === 0 ? t("allDecided") : t("undecided", { count: undecided })}</span>
          <span className={classes.keys} aria-hidden>
            J/K · A · R · U
          </span>
        </div>
      )}
      {ordered.length === 0 ? (
        <NoFindings study={study} />
      ) : (
        <ol className={classes.list}>
          {ordered.map((finding, index) => (
            <FindingCard
              key={finding.id}
              finding={finding}
              number={index + 1}
              series={study.series}
              selected={finding.id === selectedFindingId}
              decisions={decisions}
              otherView={onOtherView(finding, findings, study.mammography)}
              onSelect={onSelect}
            />
          ))}
        </ol>
      )}
    </section>
  );
}
