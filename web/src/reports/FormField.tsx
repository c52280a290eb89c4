import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { FieldFault, Prefilled, TemplateField, Written } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { FieldInput } from "./FieldInput";
import { isDisputed, type Value } from "./form";
import classes from "./form.module.css";
import { valueText } from "./words";

export interface FormFieldProps {
  path: string;
  field: TemplateField;
  value: Value;
  set: Written | undefined;
  found: Prefilled | undefined;
  fault: FieldFault | undefined;
  onChange: (value: Value) => void;
  /** The finding's value again. */
  onTake: () => void;
  /** The writer's own stays, against what the finding says now. */
  onKeep: () => void;
}

/** A field with where its value is from; where writer and finding differ, both. */
export function FormField({ path, field, value, set, found, fault, onChange, onTake, onKeep }: FormFieldProps) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const disputed = isDisputed(set, found);
  const says = (one: Value) => valueText(field, one, language, [t("form.yes"), t("form.no")]);
  const empty = value === null || value === "";
  const from = found && t("form.from", { number: found.origin.finding_number });
  const description =
    found === undefined ? (
      set === undefined && !empty ? <span className={classes.origin}>{t("form.fromTemplate")}</span> : undefined
    ) : set === undefined ? (
      <span className={classes.origin} title={`${found.origin.model} ${found.origin.model_version}`} data-testid="origin">
        <span className={classes.ai}>AI</span> {from}
        {found.origin.rule !== null && ` · ${inLanguage(found.origin.rule, language)}`}
      </span>
    ) : disputed ? undefined : (
      <span className={classes.origin}>
        {t("form.findingSays", { number: found.origin.finding_number, value: says(found.value ?? null) })}
        <Button size="compact-xs" variant="subtle" onClick={onTake}>
          {t("form.takeFinding")}
        </Button>
      </span>
    );
  return (
    <div className={classes.field} data-wide={(field.type === "text" && !field.prefill) || undefined} data-path={path}>
      <FieldInput
        field={field}
        value={value}
        onChange={onChange}
        description={description}
        error={fault !== undefined && !empty && !disputed ? inLanguage(fault, language) : undefined}
      />
      {disputed && found !== undefined && (
        <Note tone="amber" alert>
          {t("form.disputed", { number: found.origin.finding_number, now: says(found.value ?? null), mine: says(value) })}
          <div className={classes.choices}>
            <Button size="compact-xs" variant="default" onClick={onTake}>
              {t("form.takeValue", { value: says(found.value ?? null) })}
            </Button>
            <Button size="compact-xs" onClick={onKeep}>
              {t("form.keepValue", { value: says(value) })}
            </Button>
          </div>
        </Note>
      )}
    </div>
  );
}
