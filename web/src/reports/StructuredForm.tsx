import { Button } from "@mantine/core";
import { IconPlus, IconTrash, IconUserEdit } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { StructuredReport, TemplateSection } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import type { WrittenValues } from "./draft";
import {
  asOwnRow,
  pathOf,
  prefilledByPath,
  rowsOf,
  valueAt,
  without,
  withoutRow,
  withRow,
  withValue,
  type Row,
} from "./form";
import classes from "./form.module.css";
import { FormField } from "./FormField";

export interface StructuredFormProps {
  structured: StructuredReport;
  written: WrittenValues;
  onChange: (change: (now: WrittenValues) => WrittenValues) => void;
}

/** Tells rows that are added apart; two in one millisecond are beyond a hand. */
const unique = () => Date.now().toString(36);

function Fields({ section, row, structured, written, onChange }: StructuredFormProps & { section: TemplateSection; row: Row | null }) {
  const prefilled = prefilledByPath(structured);
  return (
    <div className={classes.fields}>
      {section.fields.map((field) => {
        const path = pathOf(field.id, row?.id ?? null);
        const found = prefilled.get(path);
        return (
          <FormField
            key={path}
            path={path}
            field={field}
            value={valueAt(written, found, path, row === null ? field.begins_with : null)}
            set={written[path]}
            found={found}
            fault={structured.faults.find((fault) => fault.path === path)}
            onChange={(value) => onChange((now) => withValue(now, path, value, found))}
            onTake={() => onChange((now) => without(now, [path]))}
            onKeep={() => onChange((now) => ({ ...now, [path]: { value: valueAt(now, found, path), over: found?.value ?? null } }))}
          />
        );
      })}
    </div>
  );
}

function RowCard(props: StructuredFormProps & { section: TemplateSection; row: Row; ownNumber: number }) {
  const { row, ownNumber, onChange } = props;
  const { t } = useTranslation("report");
  const title =
    row.findingNumber !== null
      ? t("form.finding", { number: row.findingNumber })
      : row.isLost
        ? t("form.lostRow")
        : t("form.ownRow", { number: ownNumber });
  return (
    <fieldset className={classes.row}>
      <legend className={classes.rowTitle}>{title}</legend>
      {row.isLost && (
        <Note tone="amber" alert>
          {t("form.lost")}
          <div className={classes.choices}>
            <Button
              size="compact-xs"
              leftSection={<IconUserEdit size={14} />}
              onClick={() => onChange((now) => asOwnRow(now, row.id, unique()))}
            >
              {t("form.keepRow")}
            </Button>
          </div>
        </Note>
      )}
      <Fields {...props} />
      {row.findingNumber === null && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="signal"
          leftSection={<IconTrash size={14} />}
          onClick={() => onChange((now) => withoutRow(now, row.id))}
        >
          {t("form.removeRow")}
        </Button>
      )}
    </fieldset>
  );
}

function FormSection(props: StructuredFormProps & { section: TemplateSection }) {
  const { section, structured, written, onChange } = props;
  const { t } = useTranslation("report");
  const language = useLanguage();
  const repeats = section.of_findings !== null && section.of_findings !== undefined;
  const rows = repeats ? rowsOf(section, structured, written) : [];
  const own = rows.filter((row) => row.findingNumber === null && !row.isLost);
  return (
    <section aria-label={inLanguage(section.title, language)}>
      <h3 className={classes.sectionTitle}>{inLanguage(section.title, language)}</h3>
      {!repeats && <Fields {...props} row={null} />}
      {repeats && rows.length === 0 && <p className={classes.empty}>{t("form.noRows")}</p>}
      {rows.map((row) => (
        <RowCard key={row.id} {...props} row={row} ownNumber={own.indexOf(row) + 1} />
      ))}
      {repeats && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange((now) => withRow(now, section, unique()))}
        >
          {t("form.addRow")}
        </Button>
      )}
    </section>
  );
}

/** The template's sections with what findings and writer say; what has no place in it stands below. */
export function StructuredForm(props: StructuredFormProps) {
  const { structured, written, onChange } = props;
  const { t } = useTranslation("report");
  const language = useLanguage();
  const left = structured.left.filter(({ path }) => path in written);
  return (
    <div className={classes.form}>
      {structured.content.sections.map((section) => (
        <FormSection key={section.id} {...props} section={section} />
      ))}
      {left.length > 0 && (
        <section aria-label={t("form.left")}>
          <h3 className={classes.sectionTitle}>{t("form.left")}</h3>
          <p className={classes.empty}>{t("form.leftText")}</p>
          <dl className={classes.left}>
            {left.map(({ path, label, text }) => (
              <div key={path}>
                <dt>{inLanguage(label, language)}</dt>
                <dd>{inLanguage(text, language)}</dd>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="signal"
                  leftSection={<IconTrash size={14} />}
                  aria-label={`${t("form.removeLeft")}: ${inLanguage(label, language)}`}
                  onClick={() => onChange((now) => without(now, [path]))}
                >
                  {t("form.removeLeft")}
                </Button>
              </div>
            ))}
          </dl>
        </section>
      )}
    </div>
  );
}
