import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useSplitStudy } from "../api/manageHooks";
import type { ManagedStudy, StudySplit } from "../api/types";
import { ReasonModal } from "./ReasonModal";
import classes from "./manage.module.css";

/** Some series of a study belong to another patient. */
export function SplitStudy({ study, onClose }: { study: ManagedStudy; onClose: () => void }) {
  const { t } = useTranslation("manage");
  const split = useSplitStudy();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [patient, setPatient] = useState({ patient_id: "", patient_name: "", birth_date: "", sex: "" });
  const set = (part: Partial<typeof patient>) => setPatient((before) => ({ ...before, ...part }));
  const ready =
    chosen.length > 0 &&
    chosen.length < study.series.length &&
    patient.patient_id.trim() !== "" &&
    patient.patient_name.trim() !== "" &&
    /^(\d{8})?$/.test(patient.birth_date);
  const confirm = (reason: string) =>
    split.mutate(
      {
        uid: study.study_instance_uid,
        split: { ...patient, sex: patient.sex as StudySplit["sex"], series_instance_uids: [...chosen], reason },
      },
      { onSuccess: onClose },
    );
  return (
    <ReasonModal
      title={t("split.title")}
      text={t("split.text")}
      action={t("split.action")}
      pending={split.isPending}
      error={split.error}
      onConfirm={confirm}
      onClose={onClose}
      ready={ready}
    >
      <Checkbox.Group label={t("split.series")} value={[...chosen]} onChange={setChosen}>
        <Stack gap={6} mt={6}>
          {study.series.map((one) => (
            <Checkbox
              key={one.series_instance_uid}
              value={one.series_instance_uid}
              label={`${one.modality} · ${one.description ?? t("studies.noDescription")} · ${t("studies.images", { count: one.instance_count })}`}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <div className={classes.fields}>
        <TextInput
          label={t("split.patientId")}
          required
          maxLength={64}
          value={patient.patient_id}
          onChange={(event) => set({ patient_id: event.currentTarget.value })}
        />
        <TextInput
          label={t("split.patientName")}
          required
          maxLength={200}
          value={patient.patient_name}
          onChange={(event) => set({ patient_name: event.currentTarget.value })}
        />
        <TextInput
          label={t("split.birthDate")}
          maxLength={8}
          inputMode="numeric"
          value={patient.birth_date}
          onChange={(event) => set({ birth_date: event.currentTarget.value })}
        />
        <NativeSelect
          label={t("split.sex")}
          value={patient.sex}
          onChange={(event) => set({ sex: event.currentTarget.value })}
          data={[
            { value: "", label: t("split.unknown") },
            { value: "F", label: t("common:sex.F") },
            { value: "M", label: t("common:sex.M") },
            { value: "O", label: t("common:sex.O") },
          ]}
        />
      </div>
    </ReasonModal>
  );
}
