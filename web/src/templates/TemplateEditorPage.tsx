import { Button, Checkbox, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconPlus, IconSend } from "@tabler/icons-react";
import { useMemo, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";

import { useReportTemplate, usePublishTemplate } from "../api/templateHooks";
import type { StructuredReport, Template, WholeTemplate } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { useKeys } from "../app/keys";
import { SPECIALTIES } from "../consults/status";
import type { WrittenValues } from "../reports/draft";
import { StructuredForm } from "../reports/StructuredForm";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { addSection, afterEdit, begin, type EditingEvent } from "./editing";
import { unique, WordsInput } from "./FieldEditor";
import { keepTemplate, recallTemplate } from "./keptTemplate";
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

function Editor({ known, isCopy }: { known: WholeTemplate; isCopy: boolean }) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const say = useProblemText();
  const navigate = useNavigate();
  const publish = usePublishTemplate();
  const { id, version } = known.summary;
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
  const changed = isCopy || JSON.stringify(now) !== JSON.stringify(known.content);
  const submit = () =>
    publish.mutate(
      { content: now, next: isCopy ? null : { id, version }, copiedFrom: isCopy ? id : null },
      {
        onSuccess: ({ summary }) => {
          keepTemplate(key, version, null);
          notifications.show({ color: "moss", message: t("editor.published", { version: summary.version }) });
          void navigate("/institution?tab=templates");
        },
      },
    );
  return (
    <>
      <PageHead
        title={inLanguage(now.title, language)}
        lead={t(isCopy ? "editor.leadCopy" : "editor.lead", { version: version + 1 })}
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
  return <Editor key={`${templateId}.${known.data.summary.version}`} known={known.data} isCopy={isCopy} />;
}

export const CopyTemplatePage = () => <TemplateEditorPage isCopy />;
