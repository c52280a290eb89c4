import { Button, Checkbox, Chip, NativeSelect, TextInput } from "@mantine/core";
import { useId, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useWorklistChoices } from "../api/worklistHooks";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import {
  CATEGORIES,
  categoryName,
  countFilters,
  DAYS,
  EVERYTHING,
  MODALITIES,
  PROBABILITIES,
  STATES,
  toggled,
  URGENCIES,
  type WorklistQuery,
} from "./query";
import classes from "./worklist.module.css";

interface ChipsProps<Value extends string> {
  title: string;
  all: readonly Value[];
  chosen: readonly Value[];
  label: (one: Value) => string;
  onToggle: (one: Value) => void;
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id} className={classes.filterGroup}>
      <div id={id} className={classes.filterTitle}>
        {title}
      </div>
      <div className={classes.chips}>{children}</div>
    </div>
  );
}

function Chips<Value extends string>({ title, all, chosen, label, onToggle }: ChipsProps<Value>) {
  return (
    <Group title={title}>
      {all.map((one) => (
        <Chip key={one} size="xs" radius="sm" checked={chosen.includes(one)} onChange={() => onToggle(one)}>
          {label(one)}
        </Chip>
      ))}
    </Group>
  );
}

export interface FilterPanelProps {
  id: string;
  query: WorklistQuery;
  onChange: (changed: Partial<WorklistQuery>) => void;
}

/** All conditions of the list. Each takes effect at once. */
export function FilterPanel({ id, query, onChange }: FilterPanelProps) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const institutions = useWorklistChoices().data?.institutions ?? [];
  const chosenDates = query.since !== "" || query.until !== "";
  const within = query.days > 0 ? String(query.days) : chosenDates ? "dates" : "";
  return (
    <div id={id} className={classes.filters} role="region" aria-label={t("filter.title")}>
      <Chips
        title={t("filter.modality")}
        all={MODALITIES}
        chosen={query.modality}
        label={(one) => one}
        onToggle={(one) => onChange({ modality: toggled(query.modality, one) })}
      />
      <Chips
        title={t("filter.state")}
        all={STATES}
        chosen={query.state}
        label={(one) => t(`state.${one}`)}
        onToggle={(one) => onChange({ state: toggled(query.state, one) })}
      />
      <Chips
        title={t("filter.urgency")}
        all={URGENCIES}
        chosen={query.urgency}
        label={(one) => t(`consult:urgency.${one}`)}
        onToggle={(one) => onChange({ urgency: toggled(query.urgency, one) })}
      />
      <Group title={t("filter.ai")}>
        <Checkbox
          size="xs"
          label={t("filter.undecided")}
          checked={query.undecided}
          onChange={(event) => onChange({ undecided: event.currentTarget.checked })}
        />
        <NativeSelect
          size="xs"
          aria-label={t("filter.category")}
          value={String(query.min_category)}
          onChange={(event) => onChange({ min_category: Number(event.currentTarget.value) })}
          data={[
            { value: "0", label: t("filter.anyCategory") },
            ...CATEGORIES.map((one) => ({
              value: String(one),
              label: t("filter.categoryFrom", { category: categoryName(one) }),
            })),
          ]}
        />
        <NativeSelect
          size="xs"
          aria-label={t("filter.probability")}
          value={String(query.min_probability)}
          onChange={(event) => onChange({ min_probability: Number(event.currentTarget.value) })}
          data={[
            { value: "0", label: t("filter.anyProbability") },
            ...PROBABILITIES.map((one) => ({
              value: String(one),
              label: t("filter.probabilityFrom", { percent: Math.round(one * 100) }),
            })),
          ]}
        />
      </Group>
      <div className={classes.fields}>
        <TextInput
          key={query.body_part.join()}
          size="xs"
          label={t("filter.bodyPart")}
          placeholder="CHEST"
          defaultValue={query.body_part.join(", ")}
          onBlur={(event) => {
            const parts = event.currentTarget.value.split(",").map((one) => one.trim().toUpperCase());
            const body_part = parts.filter((one) => one !== "");
            if (body_part.join() !== query.body_part.join()) onChange({ body_part });
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") event.currentTarget.blur();
          }}
        />
        <NativeSelect
          size="xs"
          label={t("filter.assigned")}
          value={query.assigned}
          onChange={(event) => onChange({ assigned: event.currentTarget.value as WorklistQuery["assigned"] })}
          data={[
            { value: "", label: t("filter.anybody") },
            { value: "me", label: t("filter.me") },
            { value: "nobody", label: t("filter.nobody") },
          ]}
        />
        <NativeSelect
          size="xs"
          label={t("filter.institution")}
          value={query.institution_id}
          onChange={(event) => onChange({ institution_id: event.currentTarget.value })}
          data={[
            { value: "", label: t("filter.anyInstitution") },
            ...institutions.map((one) => ({ value: one.id, label: institutionName(one, language) })),
          ]}
        />
        <NativeSelect
          size="xs"
          label={t("filter.received")}
          value={within}
          onChange={(event) => {
            const value = event.currentTarget.value;
            const today = new Date().toLocaleDateString("sv"); // the ISO form
            onChange({
              days: value === "dates" ? 0 : Number(value),
              since: value === "dates" ? today : "",
              until: "",
            });
          }}
          data={[
            { value: "", label: t("filter.anyTime") },
            ...DAYS.map((days) => ({ value: String(days), label: t("filter.days", { count: days }) })),
            { value: "dates", label: t("filter.dates") },
          ]}
        />
        {chosenDates && (
          <>
            <TextInput
              size="xs"
              type="date"
              label={t("filter.since")}
              value={query.since}
              onChange={(event) => onChange({ since: event.currentTarget.value })}
            />
            <TextInput
              size="xs"
              type="date"
              label={t("filter.until")}
              value={query.until}
              onChange={(event) => onChange({ until: event.currentTarget.value })}
            />
          </>
        )}
        {countFilters(query) > 0 && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => onChange({ ...EVERYTHING, q: query.q, kind: query.kind, sort: query.sort })}
          >
            {t("filter.clear")}
          </Button>
        )}
      </div>
    </div>
  );
}
