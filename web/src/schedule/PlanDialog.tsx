import { Button, Group, Modal, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useScheduleProcedure } from "../api/hooks";
import type { PatientRef } from "../api/types";
import { PatientPicker } from "../studies/PatientPicker";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { emptyPlan, forPatient, MODALITIES, newProcedure, SEXES, type Modality, type Plan, type Sex } from "./plan";
import classes from "./schedule.module.css";

function Form({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("schedule");
  const say = useProblemText();
  const schedule = useScheduleProcedure();
  const [plan, setPlan] = useState<Plan>(() => emptyPlan(new Date()));
  const [known, setKnown] = useState<PatientRef | null>(null);
  const change = (part: Partial<Plan>) => setPlan((current) => ({ ...current, ...part }));
  const request = newProcedure(plan);

  const choose = (patient: PatientRef | null) => {
    setKnown(patient);
    setPlan((current) =>
      patient === null
        ? { ...current, patientId: "", name: "", sex: "", birthDate: "" }
        : forPatient(current, patient),
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (request === null) return;
    schedule.mutate(request, {
      onSuccess: () => {
        notifications.show({ color: "moss", message: t("form.done") });
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <div className={classes.fields}>
        <PatientPicker
          className={classes.wide ?? ""}
          label={t("form.known")}
          placeholder={t("form.newPatient")}
          value={known}
          onChange={choose}
        />
        {known === null && (
          <>
            <TextInput
              label={t("form.patientId")}
              required
              maxLength={64}
              value={plan.patientId}
              onChange={(event) => change({ patientId: event.currentTarget.value })}
            />
            <TextInput
              label={t("form.name")}
              placeholder={t("form.nameHint")}
              required
              maxLength={64}
              value={plan.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <NativeSelect
              label={t("form.sex")}
              value={plan.sex}
              onChange={(event) => change({ sex: event.currentTarget.value as Sex | "" })}
              data={[
                { value: "", label: t("form.sexUnknown") },
                ...SEXES.map((value) => ({ value, label: t(`common:sex.${value}`) })),
              ]}
            />
            <TextInput
              type="date"
              label={t("form.birthDate")}
              value={plan.birthDate}
              onChange={(event) => change({ birthDate: event.currentTarget.value })}
            />
          </>
        )}
        <NativeSelect
          label={t("form.modality")}
          value={plan.modality}
          onChange={(event) => change({ modality: event.currentTarget.value as Modality })}
          data={MODALITIES.map((value) => ({ value, label: t(`modality.${value}`) }))}
        />
        <TextInput
          type="datetime-local"
          label={t("form.time")}
          required
          value={plan.time}
          onChange={(event) => change({ time: event.currentTarget.value })}
        />
        <TextInput
          className={classes.wide ?? ""}
          label={t("form.description")}
          placeholder={t("form.descriptionHint")}
          maxLength={64}
          value={plan.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <details className={classes.wide}>
          <summary className={classes.summary}>{t("form.more")}</summary>
          <div className={classes.fields}>
            <TextInput
              label={t("form.station")}
              placeholder={t("form.stationHint")}
              maxLength={16}
              value={plan.station}
              onChange={(event) => change({ station: event.currentTarget.value })}
            />
            <TextInput
              label={t("form.accession")}
              placeholder={t("form.accessionHint")}
              maxLength={16}
              value={plan.accession}
              onChange={(event) => change({ accession: event.currentTarget.value })}
            />
            <TextInput
              label={t("form.physician")}
              maxLength={64}
              value={plan.physician}
              onChange={(event) => change({ physician: event.currentTarget.value })}
            />
          </div>
        </details>
      </div>
      {schedule.isError && (
        <Note tone="signal" alert>
          {say(schedule.error)}
        </Note>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onDone}>
          {t("common:cancel")}
        </Button>
        <Button type="submit" loading={schedule.isPending} disabled={request === null}>
          {t("form.submit")}
        </Button>
      </Group>
    </form>
  );
}

export function PlanDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("schedule");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t("plan")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form onDone={onClose} />
    </Modal>
  );
}
