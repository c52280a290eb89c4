import { ActionIcon, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useHistoryItems } from "../api/historyHooks";
import type { HistoryItem, PatientRef } from "../api/types";
import { useLanguage } from "../app/i18n";
import { BundleImport } from "./BundleImport";
import {
  asLocal,
  boundsFor,
  historyFaults,
  itemName,
  NAMED_KINDS,
  namedDraft,
  recordName,
  withRecords,
  type HistoryDraft,
  type NamedDraft,
  type NamedKind,
  type ResultDraft,
} from "./draft";
import classes from "./history.module.css";
import { TypeAhead } from "./TypeAhead";
import { newId } from "../ui/newId";

const NO_ITEMS: readonly HistoryItem[] = [];

export interface HistoryEditorProps {
  draft: HistoryDraft;
  patient: PatientRef | null;
  onChange: (draft: HistoryDraft) => void;
  /** Faults are shown once somebody tried to send it. */
  showFaults: boolean;
}

/** Everything that a request says of the patient, on one page: type, choose, fill in what is known. */
export function HistoryEditor({ draft, patient, onChange, showFaults }: HistoryEditorProps) {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const items = useHistoryItems().data ?? NO_ITEMS;
  const faults = showFaults ? historyFaults(draft) : null;
  const nameOf = (each: { text: string; coding: NamedDraft["coding"] }) => recordName(each, items, language);

  const addNamed = (kind: NamedKind, text: string, coding: NamedDraft["coding"]) =>
    onChange({
      ...draft,
      noneKnown: draft.noneKnown.filter((each) => each !== kind),
      named: [...draft.named, namedDraft(newId(), kind, text, coding)],
    });
  const addResult = (result: Pick<ResultDraft, "category" | "text" | "coding" | "typed" | "unit" | "low" | "high">) => {
    // Results of one sheet have one time: the last one that was filled in.
    const at = draft.results.at(-1)?.at ?? asLocal(new Date().toISOString());
    onChange({ ...draft, results: [...draft.results, { id: newId(), kind: "observation", at, stated: null, ...result }] });
  };
  const onItem = (item: HistoryItem, typed: string) => {
    const text = itemName(item, language);
    const coding = item.code === null ? null : { system: item.system, code: item.code };
    if (item.kind === "vital-signs" || item.kind === "laboratory") {
      addResult({ category: item.kind, text, coding, typed, unit: item.unit, ...boundsFor(item, patient, new Date()) });
    } else addNamed(item.kind, text, coding);
  };
  const change = <T extends { id: string }>(list: readonly T[], id: string, part: Partial<T>) =>
    list.map((each) => (each.id === id ? { ...each, ...part } : each));
  const changeNamed = (id: string, part: Partial<NamedDraft>) => onChange({ ...draft, named: change(draft.named, id, part) });
  const changeResult = (id: string, part: Partial<ResultDraft>) =>
    onChange({ ...draft, results: change(draft.results, id, part) });
  const remove = (name: string, onRemove: () => void) => (
    <ActionIcon size="sm" color="gray" aria-label={t("remove", { name })} onClick={onRemove}>
      <IconX size={15} />
    </ActionIcon>
  );
  return (
    <div className={classes.editor}>
      <TypeAhead
        items={items}
        onItem={onItem}
        onText={(text, as, typed) =>
          as === "laboratory"
            ? addResult({ category: as, text, coding: null, typed, unit: "", low: "", high: "" })
            : addNamed(as, text, null)
        }
      />
      {NAMED_KINDS.map((kind) => {
        const rows = draft.named.filter((each) => each.kind === kind);
        return (
          <section key={kind} className={classes.group} aria-label={t(`group.${kind}`)}>
            <div className={classes.groupHead}>
              <h3 className={classes.groupTitle}>{t(`group.${kind}`)}</h3>
              <Checkbox
                size="xs"
                label={t("noneKnown")}
                aria-label={t(`noneKnownOf.${kind}`)}
                disabled={rows.length > 0}
                checked={draft.noneKnown.includes(kind)}
                onChange={({ currentTarget: { checked } }) =>
                  onChange({
                    ...draft,
                    noneKnown: checked ? [...draft.noneKnown, kind] : draft.noneKnown.filter((each) => each !== kind),
                  })
                }
              />
            </div>
            {rows.map((row) => (
              <div key={row.id} className={classes.namedRow} data-kind={kind}>
                <span className={classes.rowName}>{nameOf(row)}</span>
                <TextInput
                  size="xs"
                  aria-label={t(`said.${kind}`, { name: nameOf(row) })}
                  placeholder={t(`saidPlaceholder.${kind}`)}
                  maxLength={500}
                  value={row.said}
                  onChange={(event) => changeNamed(row.id, { said: event.currentTarget.value })}
                />
                {kind === "condition" && (
                  <TextInput
                    size="xs"
                    aria-label={t("since", { name: nameOf(row) })}
                    placeholder={t("sincePlaceholder")}
                    maxLength={10}
                    value={row.onset}
                    error={faults?.get(row.id) === "onset" ? t("fault.onset") : null}
                    errorProps={{ role: "alert" }}
                    onChange={(event) => changeNamed(row.id, { onset: event.currentTarget.value })}
                  />
                )}
                <NativeSelect
                  size="xs"
                  aria-label={t(kind === "allergy" ? "severity" : "state", { name: nameOf(row) })}
                  value={kind === "allergy" ? row.criticality : row.isPast ? "past" : "now"}
                  data={
                    kind === "allergy"
                      ? (["", "low", "high"] as const).map((value) => ({ value, label: t(`criticality.${value || "unknown"}`) }))
                      : (["now", "past"] as const).map((value) => ({ value, label: t(`${value}.${kind}`) }))
                  }
                  onChange={({ currentTarget: { value } }) =>
                    changeNamed(
                      row.id,
                      kind === "allergy"
                        ? { criticality: value as NamedDraft["criticality"] }
                        : { isPast: value === "past" },
                    )
                  }
                />
                {remove(nameOf(row), () => onChange({ ...draft, named: draft.named.filter(({ id }) => id !== row.id) }))}
              </div>
            ))}
          </section>
        );
      })}
      <section className={classes.group} aria-label={t("group.results")}>
        <h3 className={classes.groupTitle}>{t("group.results")}</h3>
        {draft.results.map((row) => {
          const name = nameOf(row);
          return (
            <div key={row.id} className={classes.resultRow}>
              <span className={classes.rowName}>{name}</span>
              <TextInput
                size="xs"
                aria-label={t("value", { name })}
                placeholder={t("valuePlaceholder")}
                maxLength={200}
                value={row.typed}
                onChange={(event) => changeResult(row.id, { typed: event.currentTarget.value })}
              />
              <TextInput
                size="xs"
                aria-label={t("unit", { name })}
                maxLength={40}
                value={row.unit}
                readOnly={row.coding !== null}
                onChange={(event) => changeResult(row.id, { unit: event.currentTarget.value })}
              />
              <div className={classes.bounds}>
                {(["low", "high"] as const).map((end) => (
                  <TextInput
                    key={end}
                    size="xs"
                    aria-label={t(`bound.${end}`, { name })}
                    placeholder={t(`boundPlaceholder.${end}`)}
                    inputMode="decimal"
                    maxLength={16}
                    value={row[end]}
                    error={faults?.get(row.id) === "bounds"}
                    onChange={(event) => changeResult(row.id, { [end]: event.currentTarget.value })}
                  />
                ))}
              </div>
              <TextInput
                size="xs"
                type="datetime-local"
                aria-label={t("at", { name })}
                value={row.at.length === 10 ? `${row.at}T00:00` : row.at}
                onChange={(event) => changeResult(row.id, { at: event.currentTarget.value })}
              />
              {remove(name, () => onChange({ ...draft, results: draft.results.filter(({ id }) => id !== row.id) }))}
              {faults?.get(row.id) === "bounds" && (
                <div className={classes.rowFault} role="alert">
                  {t("fault.bounds")}
                </div>
              )}
            </div>
          );
        })}
      </section>
      {patient !== null && (
        <BundleImport patient={patient} onRecords={(records) => onChange(withRecords(draft, records, newId))} />
      )}
    </div>
  );
}
