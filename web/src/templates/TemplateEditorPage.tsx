import { Button, Checkbox, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconPlus, IconSend, IconTemplate } from "@tabler/icons-react";
import { type ReactNode, useMemo, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";

import { useReportTemplate, usePublishTemplate } from "../api/templateHooks";
import type { ReadTemplate, StructuredReport, Template } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { useKeys } from "../app/keys";
import { SPECIALTIES } from "../consults/status";
import type { WrittenValues } from "../reports/draft";
import { StructuredForm } from "../reports/StructuredForm";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { addSection, afterEdit, begin, type EditingEvent } from "./editing";
import { unique, WordsInput } from "./FieldEditor";
import { IMPORTED, keepImport, keepTemplate, recallImport, recallTemplate } from "./keptTemplate";
import { MODALITIES, SectionEditor } from "./SectionEditor";
import classes from "./templates.module.css";

function Preview({ content }: { content: Template }) {
  const [written, setWritten] = useState<WrittenValues>({});
  const structured: StructuredReport = {
    template: { id: "", version: 0 },
    content,
    is_retired: false,
    newer: null,
    written: {},
    prefilled: [],
    rows: content.sections
      .filter(({ of_findings: of }) => of !== null && of !== undefined)
      .map(({ id }) => ({ section: id, id: "example", finding_number: "1", is_lost: false })),
    left: [],
    faults: [],
  };
  return <StructuredForm structured={structured} written={written} onChange={(change) => setWritten(change)} />;
}

interface EditorProps {
  /** Where it starts: a template's newest version, or what was read from a file. */
  known: { id: string; version: number; content: Template };
  kind: "own" | "copy" | "import";
  children?: ReactNode;
}

function Editor({ known, kind, children }: EditorProps) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const say = useProblemText();
  const navigate = useNavigate();
  const publish = usePublishTemplate();
  const { id, version } = known;
  const isCopy = kind === "copy";
  const key = isCopy ? `copy-of-${id}` : id;
  const original = useMemo(
    (): Template =>
      isCopy
        ? { ...known.content, title: { en: `${known.content.title.en} (copy)`, zh: `${known.content.title.zh}（副本）` } }
        : known.content,
    [isCopy, known.content],
  );
  const [{ past, now, future }, dispatch] = useReducer(afterEdit, recallTemplate(key, version) ?? original, begin);
  const step = (event: EditingEvent) => {
    keepTemplate(key, version, afterEdit({ past, now, future, at: null }, event).now);
    dispatch(event);
  };
  const change = (template: Template, at: string | null) => step({ type: "change", template, at });
  useKeys({ "Ctrl+z": () => step({ type: "undo" }), "Ctrl+Shift+z": () => step({ type: "redo" }) });
  const changed = kind !== "own" || JSON.stringify(now) !== JSON.stringify(known.content);
  const submit = () =>
    publish.mutate(
      { content: now, next: kind === "own" ? { id, version } : null, copiedFrom: isCopy ? id : null },
      {
        onSuccess: ({ summary }) => {
          keepTemplate(key, version, null);
          if (kind === "import") keepImport(null);
          notifications.show({ color: "moss", message: t("editor.published", { version: summary.version }) });
          void navigate("/institution?tab=templates");
        },
      },
    );
  return (
    <>
      <PageHead
        title={inLanguage(now.title, language)}
        lead={t(kind === "own" ? "editor.lead" : "editor.leadCopy", { version: version + 1 })}
        actions={
          <Group gap="xs">
            <Button component={Link} to="/institution?tab=templates" variant="subtle" leftSection={<IconArrowLeft size={16} />}>
              {t("editor.back")}
            </Button>
            <Button variant="default" disabled={past.length === 0} leftSection={<IconArrowBackUp size={16} />} onClick={() => step({ type: "undo" })}>
              {t("editor.undo")}
            </Button>
            <Button variant="default" disabled={future.length === 0} leftSection={<IconArrowForwardUp size={16} />} onClick={() => step({ type: "redo" })}>
              {t("editor.redo")}
            </Button>
            <Button disabled={!changed} loading={publish.isPending} leftSection={<IconSend size={16} />} onClick={submit}>
              {t("editor.publish")}
            </Button>
          </Group>
        }
      />
      {publish.isError && (
        <Note tone="signal" alert>
          {say(publish.error)}
        </Note>
      )}
      {children}
      <div className={classes.columns}>
        <Panel title={t("editor.title")}>
          <div className={classes.stack}>
            <div className={classes.details}>
              <WordsInput label={t("editor.name")} value={now.title} onChange={(title) => change({ ...now, title }, "title")} />
              <WordsInput
                label={t("editor.description")}
                value={now.description}
                onChange={(description) => change({ ...now, description }, "description")}
              />
            </div>
            <Checkbox.Group
              label={t("editor.specialties")}
              value={now.specialties}
              onChange={(chosen) => change({ ...now, specialties: SPECIALTIES.filter((one) => chosen.includes(one)) }, null)}
            >
              <Group gap="sm" mt={6}>
                {SPECIALTIES.map((value) => (
                  <Checkbox key={value} value={value} label={t(`common:specialty.${value}`)} />
                ))}
              </Group>
            </Checkbox.Group>
            <Checkbox.Group
              label={t("editor.modalities")}
              value={now.modalities}
              onChange={(modalities) => change({ ...now, modalities }, null)}
            >
              <Group gap="sm" mt={6}>
                {MODALITIES.map((value) => (
                  <Checkbox key={value} value={value} label={value} />
                ))}
              </Group>
            </Checkbox.Group>
            {now.sections.map((section, index) => (
              <SectionEditor key={section.id} template={now} index={index} onChange={change} />
            ))}
            <div>
              <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => change(addSection(now, unique()), null)}>
                {t("editor.addSection")}
              </Button>
            </div>
          </div>
        </Panel>
        <div className={classes.preview}>
          <Panel title={t("editor.preview")}>
            <Preview content={now} />
          </Panel>
        </div>
      </div>
    </>
  );
}

/** An own template on its way to the next version, or a copy on its way to the first. */
export function TemplateEditorPage({ isCopy = false }: { isCopy?: boolean }) {
  const { templateId = "" } = useParams();
  const known = useReportTemplate(templateId);
  if (known.isPending) return <LoadingState rows={8} />;
  if (known.isError) return <ErrorState error={known.error} onRetry={() => void known.refetch()} />;
  const { summary, content } = known.data;
  const { id, version } = summary;
  return <Editor key={`${id}.${version}`} known={{ id, version, content }} kind={isCopy ? "copy" : "own"} />;
}

function LeftOut({ read }: { read: ReadTemplate }) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const { left_out: left } = read;
  return (
    <div className={classes.notes}>
      <Note tone="petrol" title={t("import.language")}>
        {t("import.languageText")}
      </Note>
      <Note tone={left.length > 0 ? "amber" : "moss"} title={t(left.length > 0 ? "import.leftOut" : "import.complete")}>
        {left.map(({ what, items }) => (
          <details key={what.en}>
            <summary>
              {inLanguage(what, language)} ({items.length})
            </summary>
            <ul>
              {items.map((item, index) => (
                <li key={index}>{item}</li>
              ))}
            </ul>
          </details>
        ))}
      </Note>
    </div>
  );
}

/** What was read from a file on its way to a template of the own institution. */
export function ImportedTemplatePage() {
  const { t } = useTranslation("template");
  const [read] = useState(recallImport);
  if (read === null) {
    return (
      <EmptyState
        icon={IconTemplate}
        title={t("import.none")}
        action={
          <Button component={Link} to="/institution?tab=templates" variant="default">
            {t("editor.back")}
          </Button>
        }
      />
    );
  }
  return (
    <Editor known={{ ...IMPORTED, content: read.content }} kind="import">
      <LeftOut read={read} />
    </Editor>
  );
}

export const CopyTemplatePage = () => <TemplateEditorPage isCopy />;
