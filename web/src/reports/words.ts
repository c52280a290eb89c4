/** What a field holds, as people read it. Pure. */
import type { Language, TemplateField } from "../api/types";
import { inLanguage } from "../app/i18n";
import type { Value } from "./form";

export function valueText(field: TemplateField, value: Value, language: Language, yesNo: readonly [string, string]): string {
  if (value === null || value === "") return "—";
  if (typeof value === "boolean") return yesNo[value ? 0 : 1];
  const option = field.options.find(({ code }) => code === value);
  if (option !== undefined) return inLanguage(option.label, language);
  return field.unit === null || field.unit === undefined ? String(value) : `${value} ${field.unit}`;
}
