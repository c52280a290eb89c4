import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Template } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import {
  addField,
  changeField,
  changeSection,
  moveField,
  moveSection,
  removeField,
  removeSection,
  withFindings,
} from "./editing";
import { FieldEditor, MoveButtons, unique, WordsInput } from "./FieldEditor";
import classes from "./templates.module.css";

export const MODALITIES = ["CT", "MG", "MR", "DX", "CR", "US", "PT", "XA"] as const;

export interface SectionEditorProps {
  template: Template;
  index: number;
  /** `at`: where; steps at one place are taken back together. */
  onChange: (template: Template, at: string | null) => void;
}

export function SectionEditor({ template, index, onChange }: SectionEditorProps) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const section = template.sections[index];
  if (section === undefined) return null;
  const hasRows = section.of_findings !== null && section.of_findings !== undefined;
  const name = inLanguage(section.title, language);
  return (
    <section className={classes.section} aria-label={name}>
      <div className={classes.fieldHead}>
        <h3 className={classes.sectionName}>{name}</h3>
        <MoveButtons
          label={name}
          first={index === 0}
          last={index === template.sections.length - 1}
          only={template.sections.length === 1}
          onMove={(by) => onChange(moveSection(template, index, by), null)}
          onRemove={() => onChange(removeSection(template, index), null)}
        />
      </div>
      <div className={classes.details}>
        <WordsInput
          label={t("editor.sectionTitle")}
          value={section.title}
          onChange={(title) => onChange(changeSection(template, index, { title }), `${section.id}.title`)}
        />
        <Checkbox
          label={t("editor.rows")}
          description={t("editor.rowsText")}
          checked={hasRows}
          onChange={(event) =>
            onChange(
              changeSection(template, index, withFindings(section, event.currentTarget.checked ? { kinds: [], modalities: [] } : null)),
              null,
            )
          }
        />
        {hasRows && (
          <NativeSelect
            label={t("editor.rowsOf")}
            value={section.of_findings?.modalities[0] ?? ""}
            data={[{ value: "", label: t("list.anything") }, ...MODALITIES]}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              const of = { kinds: section.of_findings?.kinds ?? [], modalities: chosen === "" ? [] : [chosen] };
              onChange(changeSection(template, index, { of_findings: of }), null);
            }}
          />
        )}
      </div>
      <ol className={classes.fields}>
        {section.fields.map((field, n) => (
          <FieldEditor
            key={field.id}
            field={field}
            hasRows={hasRows}
            label=""
            first={n === 0}
            last={n === section.fields.length - 1}
            only={section.fields.length === 1}
            onMove={(by) => onChange(moveField(template, index, n, by), null)}
            onRemove={() => onChange(removeField(template, index, n), null)}
            onChange={(part, at) => onChange(changeField(template, index, n, part), `${field.id}.${at}`)}
          />
        ))}
      </ol>
      <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={() => onChange(addField(template, index, unique()), null)}>
        {t("editor.addField")}
      </Button>
    </section>
  );
}
