import { Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { usePatients } from "../api/hooks";
import type { PatientRef } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatPersonName } from "../ui/format";

const PAUSE_MS = 250;

export interface PatientPickerProps extends Pick<SelectProps, "error" | "errorProps" | "className"> {
  label: string;
  placeholder: string;
  value: PatientRef | null;
  onChange: (patient: PatientRef | null) => void;
}

/** One patient of the own institution, found by the server by name or number. */
export function PatientPicker({ value, onChange, ...props }: PatientPickerProps) {
  const { t } = useTranslation("study");
  const language = useLanguage();
  const [typed, setTyped] = useState("");
  const label = ({ name, patient_id }: PatientRef) =>
    `${formatPersonName(name, language)} · ${t("common:patientId")} ${patient_id}`;
  // The field says who is chosen; that is no search.
  const [wanted] = useDebouncedValue(value !== null && typed === label(value) ? "" : typed.trim(), PAUSE_MS);
  const found = usePatients(wanted);
  const offered: readonly PatientRef[] = found.data ?? [];
  const listed = value === null || offered.some(({ id }) => id === value.id) ? offered : [value, ...offered];
  const isSearching = found.isFetching || wanted !== typed.trim();
  return (
    <Select
      {...props}
      searchable
      clearable
      value={value?.id ?? null}
      onChange={(id) => onChange(listed.find((one) => one.id === id) ?? null)}
      searchValue={typed}
      onSearchChange={setTyped}
      data={listed.map((one) => ({ value: one.id, label: label(one) }))}
      filter={({ options }) => options}
      maxDropdownHeight={320}
      nothingFoundMessage={t(isSearching && !found.isError ? "common:loading" : "picker.none")}
      clearButtonProps={{ "aria-label": t("picker.clear") }}
    />
  );
}
