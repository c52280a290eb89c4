import { notifications } from "@mantine/notifications";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { DecisionStatus, Finding, StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { AiProgress, NoFindings } from "./AiProgress";
import { beginEdit, boxEdit, editors, endEdit } from "./boxEdit";
import { BreastSummary } from "./BreastSummary";
import { FindingCard } from "./FindingCard";
import classes from "./findings.module.css";
import { mayDecide, neighbour, nextUndecided, orderedFindings } from "./order";
import { RejectionReasons } from "./RejectionReasons";
import { useDecisions } from "./useDecisions";
import { onOtherView } from "./viewPairs";

export interface FindingsPanelProps {
  study: StudyDetail;
  findings: Finding[];
  selectedFindingId: string | null;
  onSelect: (id: string) => void;
  /** Set where the decisions are taken within a consult. */
  consultId?: string;
  /** Before the numbers, where the consult has several studies. */
  studyLetter?: string | undefined;
}

/** All findings of a study with their decisions, by buttons and by keys. */
export function FindingsPanel({ study, findings, selectedFindingId, onSelect, consultId, studyLetter = "" }: FindingsPanelProps) {
  const { t } = useTranslation("findings");
  const decisions = useDecisions();
  const ordered = useMemo(() => orderedFindings(findings, study.series), [findings, study.series]);
  /** Just rejected by its key: the very next key may say why. */
  const [asked, setAsked] = useState<string | null>(null);
  const rejected = ordered.find(({ id, status }) => id === asked && status === "rejected");
  const selected = ordered.find(({ id }) => id === selectedFindingId);
  const undecided = ordered.filter(({ status }) => status === "preliminary").length;

  const select = (finding: Finding | null) => {
    if (finding !== null) onSelect(finding.id);
  };
  const decideSelected = (status: DecisionStatus) => {
    if (selected === undefined || !decisions.decide(selected, status)) return;
    if (status === "preliminary") return;
    setAsked(status === "rejected" ? selected.id : null);
    select(nextUndecided(ordered, selected.id));
  };
  const edit = (finding: Finding) => {
    if (!mayDecide(finding, "edited")) return;
    if (editors.get() === 0) {
      notifications.show({ message: t("edit.noEditor") });
      return;
    }
    select(finding);
    beginEdit(finding, () => select(nextUndecided(ordered, finding.id)));
  };
  const editing = useSyncExternalStore(boxEdit.subscribe, boxEdit.get);
  // An edit is of the finding that is selected, and does not outlive the list.
  useEffect(() => {
    if (boxEdit.get()?.finding.id !== selectedFindingId) endEdit();
  }, [selectedFindingId]);
  useEffect(() => endEdit, []);
  useKeys(
    {
      [KEYS.findings.next]: () => select(neighbour(ordered, selectedFindingId, 1)),
      [KEYS.findings.previous]: () => select(neighbour(ordered, selectedFindingId, -1)),
      [KEYS.findings.accept]: () => decideSelected("accepted"),
      [KEYS.findings.reject]: () => decideSelected("rejected"),
      [KEYS.findings.undo]: () => decideSelected("preliminary"),
      [KEYS.findings.edit]: () => selected && edit(selected),
    },
    editing === null,
  );

  return (
    <section className={classes.panel} aria-label={t("title")} data-consult={consultId}>
      <AiProgress study={study} />
      <BreastSummary study={study} />
      {ordered.length > 0 && (
        <div className={classes.summary}>
          <strong>{t("count", { count: ordered.length })}</strong>
          <span>{undecided === 0 ? t("allDecided") : t("undecided", { count: undecided })}</span>
          <span className={classes.keys} aria-hidden>
            J/K · A · E · R · U
          </span>
        </div>
      )}
      {rejected !== undefined && <RejectionReasons finding={rejected} decisions={decisions} onDone={() => setAsked(null)} />}
      {ordered.length === 0 ? (
        <NoFindings study={study} />
      ) : (
        <ol className={classes.list}>
          {ordered.map((finding, index) => (
            <FindingCard
              key={finding.id}
              finding={finding}
              number={`${studyLetter}${index + 1}`}
              series={study.series}
              selected={finding.id === selectedFindingId}
              decisions={decisions}
              onEdit={edit}
              otherView={onOtherView(finding, findings, study.mammography)}
              onSelect={onSelect}
            />
          ))}
        </ol>
      )}
    </section>
  );
}
