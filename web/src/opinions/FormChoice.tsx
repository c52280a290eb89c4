import { ActionIcon, Button, NativeSelect, Textarea } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useSpecialists } from "../api/opinionHooks";
import type { LegalRole } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Choices } from "../consults/Choices";
import type { ConsultDraft } from "../consults/draft";
import { SPECIALTIES } from "../consults/status";
import { institutionName } from "../ui/institution";
import classes from "./opinions.module.css";

const FORMS = ["call", "opinion", "panel"] as const;
const FURTHER_AT_MOST = 7;

type Discipline = ConsultDraft["disciplines"][number];

interface DisciplineProps {
  discipline: Discipline;
  taken: ReadonlySet<string>;
  legalRole: LegalRole;
  onChange: (discipline: Discipline) => void;
  onRemove: () => void;
}

function DisciplineRow({ discipline, taken, legalRole, onChange, onRemove }: DisciplineProps) {
  const { t } = useTranslation("opinion");
  const language = useLanguage();
  const people = useSpecialists(discipline.specialty, legalRole).data ?? [];
  return (
    <div className={classes.discipline}>
      <NativeSelect
        aria-label={t("form.discipline")}
        value={discipline.specialty}
        onChange={(event) =>
          onChange({ specialty: event.currentTarget.value as Discipline["specialty"], specialist_id: null })
        }
        data={SPECIALTIES.filter((one) => one === discipline.specialty || !taken.has(one)).map((value) => ({
          value,
          label: t(`common:specialty.${value}`),
        }))}
      />
      <NativeSelect
        aria-label={t("form.who")}
        value={discipline.specialist_id ?? ""}
        onChange={(event) => onChange({ ...discipline, specialist_id: event.currentTarget.value || null })}
        data={[
          { value: "", label: people.length === 0 ? t("form.nobody") : t("panel.anyone") },
          ...people.map((one) => ({
            value: one.id,
            label: `${one.display_name} · ${institutionName(one.institution, language)}`,
          })),
        ]}
      />
      <ActionIcon color="gray" aria-label={t("form.removeDiscipline")} onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}

interface FormChoiceProps {
  draft: ConsultDraft;
  onChange: (part: Partial<ConsultDraft>) => void;
  fault: string | null;
}

/** With a call, as an opinion alone, or of several disciplines; and what each of these needs. */
export function FormChoice({ draft, onChange, fault }: FormChoiceProps) {
  const { t } = useTranslation("opinion");
  const { disciplines } = draft;
  const taken = new Set<string>([draft.specialty, ...disciplines.map(({ specialty }) => specialty)]);
  const next = SPECIALTIES.find((one) => !taken.has(one));
  return (
    <>
      <Choices
        legend={t("form.title")}
        name="form"
        value={draft.form}
        onChange={(form) => onChange({ form })}
        fault={fault}
        choices={FORMS.map((value) => ({ value, title: t(`form.${value}`), text: t(`form.${value}Text`) }))}
      />
      {draft.form === "opinion" && (
        <Textarea
          label={t("form.firstReport")}
          description={t("form.firstReportHint")}
          autosize
          minRows={3}
          maxLength={20_000}
          value={draft.first_report}
          onChange={(event) => onChange({ first_report: event.currentTarget.value })}
        />
      )}
      {draft.form === "panel" && (
        <fieldset className={classes.fieldset}>
          <legend>{t("form.disciplines")}</legend>
          {disciplines.map((discipline, index) => (
            <DisciplineRow
              key={index}
              discipline={discipline}
              taken={taken}
              legalRole={draft.legal_role}
              onChange={(changed) => onChange({ disciplines: disciplines.map((one, n) => (n === index ? changed : one)) })}
              onRemove={() => onChange({ disciplines: disciplines.filter((_, n) => n !== index) })}
            />
          ))}
          {next !== undefined && disciplines.length < FURTHER_AT_MOST && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => onChange({ disciplines: [...disciplines, { specialty: next, specialist_id: null }] })}
            >
              {t("form.addDiscipline")}
            </Button>
          )}
        </fieldset>
      )}
    </>
  );
}
