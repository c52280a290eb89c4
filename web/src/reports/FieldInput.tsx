import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { TemplateField } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { isRequired, typedNumber, type Value } from "./form";
import classes from "./form.module.css";

export interface FieldInputProps {
  field: TemplateField;
  value: Value;
  onChange: (value: Value) => void;
  /** Where the value is from, below the input. */
  description?: ReactNode;
  error?: string | undefined;
}

const ORDER: ("label" | "input" | "description" | "error")[] = ["label", "input", "description", "error"];
const LONGEST = 4_000;

/** Holds what is typed as it is typed: "8.0" on the way to "8.05" is not rewritten to "8". */
function NumberInput({ value, onChange, unit, ...shown }: { value: Value; onChange: (value: Value) => void; unit: string | null } & Record<string, unknown>) {
  const [typed, setTyped] = useState("");
  const text = typedNumber(typed) === value ? typed : value === null ? "" : String(value);
  return (
    <TextInput
      {...shown}
      inputMode="decimal"
      maxLength={40}
      rightSection={unit === null ? null : <span className={classes.unit}>{unit}</span>}
      rightSectionWidth={unit === null ? 0 : 20 + unit.length * 7}
      rightSectionPointerEvents="none"
      value={text}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(typedNumber(event.currentTarget.value));
      }}
    />
  );
}

/** One field of a template, by its type. */
export function FieldInput({ field, value, onChange, description, error }: FieldInputProps) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const shown = {
    label: inLanguage(field.label, language),
    withAsterisk: isRequired(field),
    description,
    error,
    inputWrapperOrder: ORDER,
  };
  const text = value === null ? "" : String(value);
  switch (field.type) {
    case "number":
      return <NumberInput {...shown} value={value} onChange={onChange} unit={field.unit ?? null} />;
    case "date":
      return <TextInput {...shown} type="date" value={text} onChange={(event) => onChange(event.currentTarget.value || null)} />;
    case "selection-list":
      return (
        <NativeSelect
          {...shown}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value || null)}
          data={[{ value: "", label: "—" }, ...field.options.map(({ code, label }) => ({ value: code, label: inLanguage(label, language) }))]}
        />
      );
    case "yes-no":
      return (
        <NativeSelect
          {...shown}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value === "true")}
          data={[
            { value: "", label: "—" },
            { value: "true", label: t("form.yes") },
            { value: "false", label: t("form.no") },
          ]}
        />
      );
    case "text":
      return (
        <Textarea {...shown} autosize minRows={1} maxLength={LONGEST} value={text} onChange={(event) => onChange(event.currentTarget.value || null)} />
      );
  }
}
