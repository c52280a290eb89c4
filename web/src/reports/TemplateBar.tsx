import { Button, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useReportTemplates } from "../api/reportHooks";
import type { StructuredReport, TemplateRef } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import classes from "./form.module.css";

export interface TemplateBarProps {
  structured: StructuredReport | null;
  chosen: TemplateRef | null;
  onChoose: (template: TemplateRef) => void;
}

/** In which template the report is written; where the hospital changed that meanwhile, what it has otherwise. */
export function TemplateBar({ structured, chosen, onChoose }: TemplateBarProps) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const known = useReportTemplates().data?.templates ?? [];
  const offered = known.filter((one) => !one.is_retired || one.id === chosen?.id);
  const options = offered.map(({ id, title, is_shipped }) => ({
    value: id,
    label: is_shipped ? inLanguage(title, language) : t("template.own", { title: inLanguage(title, language) }),
  }));
  if (structured !== null && !offered.some(({ id }) => id === structured.template.id)) {
    options.unshift({ value: structured.template.id, label: inLanguage(structured.content.title, language) });
  }
  const newer = structured?.newer ?? null;
  return (
    <>
      <NativeSelect
        label={t("template.label")}
        description={structured === null ? undefined : inLanguage(structured.content.description, language)}
        inputWrapperOrder={["label", "input", "description"]}
        data={chosen === null ? [{ value: "", label: "—" }, ...options] : options}
        value={chosen?.id ?? ""}
        onChange={(event) => {
          const next = known.find(({ id }) => id === event.currentTarget.value);
          if (next !== undefined) onChoose({ id: next.id, version: next.version });
        }}
      />
      {structured?.is_retired === true && <Note tone="neutral">{t("template.retired")}</Note>}
      {structured !== null && newer !== null && (
        <Note tone="petrol" title={t("template.newer", { version: newer.version, now: structured.template.version })}>
          <ul className={classes.changes}>
            {newer.changes.map(({ kind, label }, index) => (
              <li key={index}>
                {t(`template.change.${kind}`)}: {inLanguage(label, language)}
              </li>
            ))}
          </ul>
          {t("template.nothingLost")}
          <div className={classes.choices}>
            <Button size="compact-xs" onClick={() => onChoose({ id: structured.template.id, version: newer.version })}>
              {t("template.move", { version: newer.version })}
            </Button>
          </div>
        </Note>
      )}
    </>
  );
}
