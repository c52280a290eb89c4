import { Button } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { memo, type FocusEvent, type KeyboardEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Me, StudySummary } from "../api/types";
import type { ListedConsult, Reading, WorklistRow } from "../api/worklistHooks";
import { useLanguage } from "../app/i18n";
import { UnreadTag } from "../chat/UnreadTag";
import { ConsultStatusTag, UrgencyTag } from "../consults/ConsultTags";
import { ReasonDialog } from "../consults/ReasonDialog";
import { useConsultSteps } from "../consults/useConsultSteps";
import { AiState } from "../studies/AiState";
import { Thumbnail } from "../studies/Thumbnail";
import { Ago } from "../ui/Ago";
import { formatDate, formatPersonName, formatProbability } from "../ui/format";
import { institutionName } from "../ui/institution";
import { PatientLine } from "../ui/PatientLine";
import { Tag } from "../ui/Tag";
import { categoryName } from "./query";
import { ReadingState } from "./ReadingState";
import { StudyMenu } from "./StudyMenu";
import classes from "./worklist.module.css";

export const addressOf = (row: WorklistRow) => (row.kind === "study" ? `/studies/${row.id}` : `/consults/${row.id}`);

function Cell({ of, children }: { of: string; children?: ReactNode }) {
  return (
    <div role="gridcell" className={`${classes.cell} ${classes[of] ?? ""}`}>
      {children}
    </div>
  );
}

function StudyCells({ row, study, reading, me }: { row: WorklistRow; study: StudySummary; reading: Reading; me: Me }) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  return (
    <>
      <Cell of="what">
        <Thumbnail study={study} />
        <div className={classes.lines}>
          <div className={classes.clamped}>
            {study.modalities.join(" / ")} · {study.study_description ?? t("noDescription")}
          </div>
          <div className={classes.muted}>
            <span className="tabular">{formatDate(study.study_date) ?? t("noDate")}</span> ·{" "}
            {t("images", { count: study.instance_count })}
          </div>
        </div>
      </Cell>
      <Cell of="who">{institutionName(study.institution, language)}</Cell>
      <Cell of="ai">
        <AiState ai={study.ai} />
        <Highest row={row} />
      </Cell>
      <Cell of="when">
        <Ago since={study.received_at} />
      </Cell>
      <Cell of="status">
        <ReadingState reading={reading} />
      </Cell>
      <Cell of="actions">
        <Button size="xs" variant="default" component={Link} to={addressOf(row)} tabIndex={-1}>
          {t("open")}
        </Button>
        <StudyMenu uid={row.id} name={formatPersonName(study.patient.name, language)} reading={reading} me={me} />
      </Cell>
    </>
  );
}

function ConsultCells({ row, consult, me }: { row: WorklistRow; consult: ListedConsult; me: Me }) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const steps = useConsultSteps(consult);
  const person = consult.requested_by.id === me.id ? consult.specialist : consult.requested_by;
  const may = (event: (typeof consult.possible_events)[number]) => consult.possible_events.includes(event);
  return (
    <>
      <Cell of="what">
        <div className={classes.lines}>
          <div className={classes.clamped}>{consult.question}</div>
          <div className={classes.muted}>
            {t("kind.consult")}
            {row.modalities.length > 0 && ` · ${row.modalities.join(" / ")}`}
          </div>
        </div>
      </Cell>
      <Cell of="who">
        {person === null ? (
          <span className={classes.muted}>
            {t("toSpecialty", {
              specialty: t(`common:specialty.${consult.specialty}`, { defaultValue: consult.specialty }),
            })}
          </span>
        ) : (
          <>
            <div>{person.display_name}</div>
            <div className={classes.muted}>{institutionName(person.institution, language)}</div>
          </>
        )}
      </Cell>
      <Cell of="ai">
        {row.undecided_count > 0 && (
          <Tag tone="amber" icon={IconSparkles}>
            {t("undecided", { count: row.undecided_count })}
          </Tag>
        )}
        <Highest row={row} />
      </Cell>
      <Cell of="when">
        <Ago since={consult.created_at} />
      </Cell>
      <Cell of="status">
        <ConsultStatusTag status={consult.status} />
        {consult.unread_messages > 0 && <UnreadTag count={consult.unread_messages} />}
      </Cell>
      <Cell of="actions">
        {may("decline") && (
          <Button size="xs" variant="default" onClick={() => steps.ask("decline")} disabled={steps.isPending}>
            {t("consult:event.decline")}
          </Button>
        )}
        {may("accept") ? (
          <Button size="xs" onClick={() => steps.ask("accept")} loading={steps.isPending}>
            {t("consult:event.accept")}
          </Button>
        ) : (
          <Button size="xs" variant="default" component={Link} to={addressOf(row)} tabIndex={-1}>
            {t("open")}
          </Button>
        )}
        <ReasonDialog steps={steps} />
      </Cell>
    </>
  );
}

/** The class and the probability by which the row is sorted among AI findings. */
function Highest({ row }: { row: WorklistRow }) {
  const { t } = useTranslation("worklist");
  if (row.ai_probability === 0) return null;
  const category = row.ai_category > 0 ? t("category", { category: categoryName(row.ai_category) }) : null;
  return (
    <div className={`${classes.muted} tabular`}>
      {[category, t("highest", { probability: formatProbability(row.ai_probability) })].filter(Boolean).join(" · ")}
    </div>
  );
}

export interface WorklistRowViewProps {
  row: WorklistRow;
  /** Counted from the list's head, which is 1. */
  number: number;
  me: Me;
  isCurrent: boolean;
  /** No longer in the list: it keeps its place and says nothing of the patient. */
  isGone: boolean;
  onFocus: (id: string) => void;
  onOpen: (row: WorklistRow) => void;
}

function RowView({ row, number, me, isCurrent, isGone, onFocus, onOpen }: WorklistRowViewProps) {
  const { t } = useTranslation("worklist");
  const common = {
    "aria-rowindex": number,
    "data-row": row.id,
    className: classes.row,
    onFocus: (event: FocusEvent) => {
      if (event.currentTarget.contains(event.target)) onFocus(row.id);
    },
  } as const;
  if (isGone) {
    return (
      <div role="row" tabIndex={isCurrent ? 0 : -1} {...common} data-gone>
        <div role="gridcell" className={classes.gone}>
          {t("gone")}
        </div>
      </div>
    );
  }
  const urgency = row.consult?.urgency ?? row.urgency;
  return (
    <div
      role="row"
      tabIndex={isCurrent ? 0 : -1}
      {...common}
      data-urgency={urgency}
      aria-selected={isCurrent}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Enter" && event.target === event.currentTarget) onOpen(row);
      }}
    >
      <Cell of="urgency">
        <UrgencyTag urgency={urgency} />
      </Cell>
      <Cell of="patient">
        <Link to={addressOf(row)} className={classes.main} tabIndex={-1}>
          <PatientLine patient={row.patient} />
        </Link>
      </Cell>
      {row.study !== null && row.reading !== null && (
        <StudyCells row={row} study={row.study} reading={row.reading} me={me} />
      )}
      {row.consult !== null && <ConsultCells row={row} consult={row.consult} me={me} />}
    </div>
  );
}

export const WorklistRowView = memo(RowView);
