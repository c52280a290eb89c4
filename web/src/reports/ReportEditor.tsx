import { Button, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDownload, IconFileCheck, IconFileText, IconHistory, IconSignature, IconTextPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { addresses, ApiError } from "../api/client";
import { usePollMs } from "../api/events";
import { useConsult, useReport } from "../api/hooks";
import { useSignedVersions } from "../api/reportHooks";
import type { Consult, Finding, Report } from "../api/types";
import { useLanguage } from "../app/i18n";
import { KEYS } from "../app/keyTable";
import { RaiseCritical } from "../critical/RaiseCritical";
import { FirstReport } from "../opinions/FirstReport";
import { useComparisonDraft } from "../opinions/useComparisonDraft";
import { actorName, formatInstant, formatProbability } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { ErrorState, EmptyState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { ConflictNote } from "./ConflictNote";
import { draftOf, SECTIONS } from "./draft";
import { Entries } from "./Entries";
import { FieldFaults } from "./FieldFaults";
import { findingLine } from "./findingLine";
import { obstacleToSigning } from "./maySign";
import classes from "./report.module.css";
import { ReportKeyImages } from "./ReportKeyImages";
import { SaveSign } from "./SaveSign";
import { SignDialog } from "./SignDialog";
import { StructuredForm } from "./StructuredForm";
import { TemplateBar } from "./TemplateBar";
import { Undecided } from "./Undecided";
import { useReportDraft } from "./useReportDraft";
import { useSignKey } from "./useSignKey";

export interface ReportEditorProps {
  consultId: string;
  /** Shows a finding where it lies; without it a link leads there. */
  onShowFinding?: ((id: string) => void) | undefined;
  /** Brings the report to the front before it is signed by key. */
  onReveal?: (() => void) | undefined;
}

function useFindingLine(): (finding: Finding) => string {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  return (finding) => findingLine(finding, t, language);
}

function AcceptedFindings({ report, onInsert }: { report: Report; onInsert: ((text: string) => void) | null }) {
  const { t } = useTranslation("report");
  const line = useFindingLine();
  const numberOf = ({ id }: Finding) => report.finding_numbers[id] ?? "";
  return (
    <div>
      <div className={classes.label}>
        <span>{t("accepted", { count: report.findings.length })}</span>
        {onInsert !== null && report.findings.length > 0 && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconTextPlus size={14} />}
            onClick={() => onInsert(report.findings.map((finding) => `${numberOf(finding)}. ${line(finding)}`).join("\n"))}
          >
            {t("insert")}
          </Button>
        )}
      </div>
      {report.findings.length === 0 ? (
        <div className={classes.muted}>{t("noneAccepted")}</div>
      ) : (
        <ul className={classes.accepted}>
          {report.findings.map((finding) => (
            <li key={finding.id}>
              <span>
                {numberOf(finding)}. {line(finding)}
              </span>
              <span className={classes.muted}>
                AI {formatProbability(finding.probability)} · {finding.model} {finding.model_version}
                {finding.by_model !== null && ` · ${t("findings:edit.remeasured", { who: finding.decided_by?.display_name ?? "" })}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

type EditorProps = { consult: Consult; report: Report } & Pick<ReportEditorProps, "onShowFinding" | "onReveal">;

function Editor({ consult, report, onShowFinding, onReveal }: EditorProps) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const editable = report.may_write;
  const { draft, save, change, flush, takeTheirs, keepMine } = useReportDraft(report, editable);
  const comparison = useComparisonDraft(consult.id, consult.first_report !== null);
  const [signing, signDialog] = useDisclosure(false);
  const versions = useSignedVersions(consult.id, report.has_signed_pdf).data ?? [];
  const latest = versions.at(-1);
  const signed = consult.status === "signed" || consult.status === "closed";
  const { structured } = report;
  // Another template was chosen, and its form has not come yet.
  const changing = structured !== null && (structured.template.id !== draft.template?.id || structured.template.version !== draft.template.version);
  const missing = structured?.faults.filter(({ blocks }) => blocks) ?? [];
  const maySign = editable && consult.possible_events.includes("sign");
  const unmet = [
    editable && consult.status !== "reporting" && t("sign.obstacle.callFirst"),
    maySign && !comparison.isComplete && t("opinion:compare.missing"),
    maySign && draft.conclusion.trim() === "" && t("sign.obstacle.conclusion"),
  ].filter((one) => one !== false);
  const atHand = { consult, report, conclusion: draft.conclusion, isCompared: comparison.isComplete, faultCount: missing.length, save: save.at };
  useSignKey({ atHand, undecided: report.undecided, onShowFinding, onReveal, onSign: signDialog.open });

  return (
    <Panel
      title={t("title")}
      label={t("title")}
      actions={
        <>
          <Tag tone={signed ? "moss" : "neutral"} icon={signed ? IconFileCheck : IconFileText}>
            {t(`status.${report.status}`)}
          </Tag>
          {editable && (
            <span className={classes.save}>
              <SaveSign save={save} />
            </span>
          )}
        </>
      }
    >
      <div className={classes.stack}>
        <div className={classes.muted}>
          {t(`consult:legalRole.${consult.legal_role}`)} · {t(`consult:legalRoleText.${consult.legal_role}`)}
        </div>
        {consult.first_report !== null && <FirstReport text={consult.first_report} draft={comparison} />}
        {save.at === "conflict" && (
          <ConflictNote
            mine={draft}
            theirs={draftOf(report)}
            structured={structured}
            mayKeepMine={editable}
            onMine={keepMine}
            onTheirs={takeTheirs}
          />
        )}
        {editable && report.undecided.length > 0 && <Undecided findings={report.undecided} onShowFinding={onShowFinding} />}
        {editable && (
          <TemplateBar
            structured={structured}
            chosen={draft.template}
            onChoose={(template) => {
              change({ template });
              void flush();
            }}
          />
        )}
        <AcceptedFindings
          report={report}
          onInsert={
            editable
              ? (text) => change({ findings_text: [draft.findings_text.trimEnd(), text].filter(Boolean).join("\n") })
              : null
          }
        />
        {changing && editable && <LoadingState rows={3} />}
        {structured !== null && !changing && (
          <StructuredForm
            structured={structured}
            written={draft.written}
            onChange={(next) => change((now) => ({ written: next(now.written) }))}
          />
        )}
        <Entries entries={report.entries} />
        {SECTIONS.map((section) =>
          editable ? (
            <Textarea
              key={section}
              label={t(`section.${section}`)}
              placeholder={t(`hint.${section}`)}
              autosize
              minRows={section === "findings_text" ? 4 : 2}
              maxLength={20_000}
              value={draft[section]}
              onChange={(event) => change({ [section]: event.currentTarget.value })}
            />
          ) : (
            <div key={section}>
              <div className={classes.label}>{t(`section.${section}`)}</div>
              <p className={classes.text}>{report[section] || <span className={classes.muted}>{t(signed ? "nothingYet" : "unsigned")}</span>}</p>
            </div>
          ),
        )}
        <ReportKeyImages
          consult={consult}
          report={report}
          chosen={draft.key_images ?? null}
          onChoose={editable ? (key_images) => change({ key_images }) : null}
        />
        {signed && report.signed_at !== null && (
          <Note tone="moss">
            {t("signedBy", {
              who: actorName(report.signed_by) ?? "",
              when: formatInstant(report.signed_at, new Date(), language),
            })}
            {latest !== undefined && <div>{t(latest.has_time_stamp ? "timeStamped" : "timeClaimed")}</div>}
          </Note>
        )}
        {maySign && missing.length > 0 && <FieldFaults faults={missing} />}
        {unmet.length > 0 && <p className={classes.unmet}>{unmet.join(" ")}</p>}
        <div className={classes.foot}>
          {report.has_signed_pdf && (
            <Button component={Link} to={`/consults/${consult.id}/report`} variant="subtle" leftSection={<IconHistory size={16} />}>
              {t("versions.open", { count: versions.length })}
            </Button>
          )}
          {editable && <RaiseCritical consultId={consult.id} />}
          {(editable || report.has_signed_pdf) && (
          <Button
            component="a"
            href={addresses.reportPdf(consult.id)}
            download={`report-${consult.id}.pdf`}
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            {t(editable ? "downloadDraft" : "download")}
          </Button>
          )}
          {maySign && (
            <Button
              leftSection={<IconSignature size={16} />}
              disabled={obstacleToSigning(atHand) !== null}
              aria-keyshortcuts={KEYS.findings.sign}
              onClick={signDialog.open}
            >
              {t("sign.open")}
            </Button>
          )}
        </div>
      </div>
      <SignDialog
        consultId={consult.id}
        opened={signing}
        onClose={signDialog.close}
        flush={async () => ((await comparison.flush()) ? flush() : null)}
      />
    </Panel>
  );
}

/** The report of a consult: written and signed by the specialist, read by everybody else in it. */
export function ReportEditor({ consultId, onShowFinding, onReveal }: ReportEditorProps) {
  const { t } = useTranslation("report");
  const pollMs = usePollMs();
  const consult = useConsult(consultId, pollMs);
  const report = useReport(consultId, pollMs);
  if (report.error instanceof ApiError && report.error.status === 404) {
    return (
      <Panel title={t("title")}>
        <EmptyState icon={IconFileText} title={t("none")} />
      </Panel>
    );
  }
  if (report.isLoadingError) return <ErrorState error={report.error} onRetry={() => void report.refetch()} />;
  if (!consult.data || !report.data) return <LoadingState />;
  return <Editor key={consultId} consult={consult.data} report={report.data} onShowFinding={onShowFinding} onReveal={onReveal} />;
}
