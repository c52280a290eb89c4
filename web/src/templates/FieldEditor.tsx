import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { CompletionAction, FieldType, TemplateField, Words } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { FieldInput } from "../reports/FieldInput";
import { typedNumber } from "../reports/form";
import { ofType, PREFILLS } from "./editing";
import classes from "./templates.module.css";

const TYPES: readonly FieldType[] = ["text", "number", "selection-list", "date", "yes-no"];
const ACTIONS: readonly CompletionAction[] = ["none", "alert", "prohibit"];

/** Tells what is added apart. */
export const unique = () => Date.now().toString(36);

export function WordsInput({ label, value, onChange }: { label: string; value: Words; onChange: (value: Words) => void }) {
  const { t } = useTranslation("template");
  return (
    <>
      <TextInput
        label={`${label} (${t("editor.english")})`}
        value={value.en}
        maxLength={300}
        error={value.en.trim() === "" ? t("editor.empty") : null}
        onChange={(event) => onChange({ ...value, en: event.currentTarget.value })}
      />
      <TextInput
        label={`${label} (${t("editor.chinese")})`}
        value={value.zh}
        maxLength={300}
        error={value.zh.trim() === "" ? t("editor.empty") : null}
        onChange={(event) => onChange({ ...value, zh: event.currentTarget.value })}
      />
    </>
  );
}

interface MoveProps {
  label: string;
  first: boolean;
  last: boolean;
  only: boolean;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

export function MoveButtons({ label, first, last, only, onMove, onRemove }: MoveProps) {
  const { t } = useTranslation("template");
  return (
    <>
      <ActionIcon size="sm" variant="transparent" disabled={first} aria-label={`${t("editor.up")}: ${label}`} onClick={() => onMove(-1)}>
        <IconArrowUp size={15} />
      </ActionIcon>
      <ActionIcon size="sm" variant="transparent" disabled={last} aria-label={`${t("editor.down")}: ${label}`} onClick={() => onMove(1)}>
        <IconArrowDown size={15} />
      </ActionIcon>
      <ActionIcon size="sm" variant="transparent" color="signal" disabled={only} aria-label={`${t("editor.remove")}: ${label}`} onClick={onRemove}>
        <IconTrash size={15} />
      </ActionIcon>
    </>
  );
}

function Options({ field, onChange }: { field: TemplateField; onChange: (part: Partial<TemplateField>, at: string) => void }) {
  const { t } = useTranslation("template");
  const { options } = field;
  const set = (index: number, label: Words) =>
    onChange({ options: options.map((one, n) => (n === index ? { ...one, label } : one)) }, `option.${index}`);
  return (
    <div className={classes.options} role="group" aria-label={t("editor.options")}>
      {options.map(({ code, label, concept }, index) => (
        <div key={code} className={classes.option}>
          <TextInput
            size="xs"
            aria-label={`${t("editor.option", { number: index + 1 })} (${t("editor.english")})`}
            value={label.en}
            onChange={(event) => set(index, { ...label, en: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            aria-label={`${t("editor.option", { number: index + 1 })} (${t("editor.chinese")})`}
            value={label.zh}
            onChange={(event) => set(index, { ...label, zh: event.currentTarget.value })}
          />
          <span className={classes.code}>{concept ? `${concept.value} ${concept.scheme}` : ""}</span>
          <ActionIcon
            size="sm"
            color="signal"
            disabled={options.length === 1}
            aria-label={`${t("editor.remove")}: ${label.en}`}
            onClick={() =>
              onChange(
                { options: options.filter((_, n) => n !== index), begins_with: field.begins_with === code ? null : (field.begins_with ?? null) },
                `option.removed.${code}`,
              )
            }
          >
            <IconTrash size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<IconPlus size={14} />}
        onClick={() => {
          const code = `o${unique()}`;
          onChange({ options: [...options, { code, label: { en: "Option", zh: "选项" } }] }, `option.added.${code}`);
        }}
      >
        {t("editor.addOption")}
      </Button>
    </div>
  );
}

export interface FieldEditorProps extends MoveProps {
  field: TemplateField;
  /** The section has a row for each finding. */
  hasRows: boolean;
  onChange: (part: Partial<TemplateField>, at: string) => void;
}

/** One field of the template: closed a line, open a form. */
export function FieldEditor({ field, hasRows, onChange, ...move }: FieldEditorProps) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const details = useId();
  const name = inLanguage(field.label, language);
  const beginsWith = field.begins_with ?? null;
  const prefills = hasRows ? PREFILLS[field.type] : [];
  const limit = (which: "minimum" | "maximum") => (
    <TextInput
      label={t(`editor.${which}`)}
      inputMode="decimal"
      defaultValue={field[which] ?? ""}
      onBlur={(event) => {
        const value = typedNumber(event.currentTarget.value);
        onChange({ [which]: typeof value === "number" ? value : null }, which);
      }}
    />
  );
  return (
    <li className={classes.field}>
      <div className={classes.fieldHead}>
        <button type="button" className={classes.fieldName} aria-expanded={open} aria-controls={details} onClick={() => setOpen(!open)}>
          <span>
            <IconPencil size={14} aria-hidden /> {name}
          </span>
          <span className={classes.muted}>
            {[t(`type.${field.type}`), field.unit, field.completion_action !== "none" && t(`action.${field.completion_action}`), field.prefill && t("editor.filled")]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </button>
        <MoveButtons {...move} label={name} />
      </div>
      {open && (
        <div id={details} className={classes.details}>
          <WordsInput label={t("editor.label")} value={field.label} onChange={(label) => onChange({ label }, "label")} />
          <NativeSelect
            label={t("editor.type")}
            value={field.type}
            data={TYPES.map((value) => ({ value, label: t(`type.${value}`) }))}
            onChange={(event) => {
              const type = TYPES.find((one) => one === event.currentTarget.value);
              if (type !== undefined) onChange({ unit: null, minimum: null, maximum: null, prefill: null, begins_with: null, ...ofType(field, type, unique()) }, `type.${type}`);
            }}
          />
          <NativeSelect
            label={t("editor.action")}
            value={field.completion_action}
            data={ACTIONS.map((value) => ({ value, label: t(`action.${value}`) }))}
            onChange={(event) => {
              const action = ACTIONS.find((one) => one === event.currentTarget.value);
              if (action !== undefined) onChange({ completion_action: action }, `action.${action}`);
            }}
          />
          {field.type === "number" && (
            <>
              <TextInput label={t("editor.unit")} maxLength={16} value={field.unit ?? ""} onChange={(event) => onChange({ unit: event.currentTarget.value || null }, "unit")} />
              {limit("minimum")}
              {limit("maximum")}
            </>
          )}
          {field.type !== "date" && (!hasRows || beginsWith !== null) && (
            <FieldInput
              field={{ ...field, label: { en: t("editor.beginsWith"), zh: t("editor.beginsWith") }, completion_action: "none" }}
              value={beginsWith}
              onChange={(begins_with) => onChange({ begins_with }, "begins")}
            />
          )}
          {prefills.length > 0 && (
            <NativeSelect
              label={t("editor.prefill")}
              value={field.prefill ?? ""}
              data={[{ value: "", label: t("editor.byHand") }, ...prefills.map((value) => ({ value, label: t(`prefill.${value}`) }))]}
              onChange={(event) => onChange({ prefill: prefills.find((one) => one === event.currentTarget.value) ?? null }, "prefill")}
            />
          )}
          {field.type === "selection-list" && <Options field={field} onChange={onChange} />}
        </div>
      )}
    </li>
  );
}
