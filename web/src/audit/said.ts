import type { TFunction } from "i18next";

import type { Language } from "../api/types";
import { formatMoment } from "../ui/format";
import { fieldWords, valueWords } from "./words";

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** By which a recording was deleted: the class of record and its days. */
const CLASS_RULE = /^(recording-record|recording-review):(\d+)$/;
const RULE = /^retention-rule\//;

/** As an export has it. */
export const codeOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The value of a detail in words; what has none stays as it is. */
export function said(name: string, value: unknown, language: Language, t: TFunction<"audit">): string {
  if (Array.isArray(value)) return value.map((one) => said(name, one, language, t)).join(", ");
  if (typeof value === "boolean") return t(value ? "detail.yes" : "detail.no");
  if (value !== null && typeof value === "object") {
    return Object.entries(value)
      .map(([inner, one]) => `${fieldWords(inner, language)} ${said(inner, one, language, t)}`)
      .join(", ");
  }
  if (value === null) return "—";
  const code = codeOf(value);
  if (MOMENT.test(code)) return formatMoment(code);
  const rule = CLASS_RULE.exec(code);
  if (rule !== null) return t("detail.class", { class: t(`manage:kept.class.${rule[1]}`), count: Number(rule[2]) });
  return RULE.test(code) ? t("detail.rule") : valueWords(name, code, language);
}
