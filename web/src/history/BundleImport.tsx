import { Button, Group, Textarea } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useReadBundle } from "../api/historyHooks";
import type { HistoryRecord, PatientRef, ReadBundle } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./history.module.css";

export interface BundleImportProps {
  patient: PatientRef;
  onRecords: (records: readonly HistoryRecord[]) => void;
}

/** Takes a history that another system gave out; who it is about is said before anything is taken. */
export function BundleImport({ patient, onRecords }: BundleImportProps) {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const say = useProblemText();
  const reading = useReadBundle();
  const file = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [taken, setTaken] = useState(0);

  const take = (read: ReadBundle) => {
    onRecords(read.records);
    setTaken(read.records.length);
    setText("");
  };
  const read = (content: string) => {
    setTaken(0);
    reading.mutate(
      { text: content, patientId: patient.patient_id },
      { onSuccess: (result) => (result.is_other_patient ? undefined : take(result)) },
    );
  };
  const result = reading.data;
  const waits = result?.is_other_patient === true && taken === 0 && result.records.length > 0;
  return (
    <details className={classes.details}>
      <summary>{t("fhir.title")}</summary>
      <div className={classes.import}>
        <Textarea
          label={t("fhir.paste")}
          description={t("fhir.hint")}
          minRows={2}
          maxRows={6}
          autosize
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={text.trim() === ""} loading={reading.isPending} onClick={() => read(text)}>
            {t("fhir.read")}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFileImport size={15} aria-hidden />}
            onClick={() => file.current?.click()}
          >
            {t("fhir.choose")}
          </Button>
          <input
            ref={file}
            type="file"
            accept=".json,application/json,application/fhir+json"
            hidden
            aria-label={t("fhir.choose")}
            onChange={({ currentTarget }) => {
              void currentTarget.files?.[0]?.text().then(read);
              currentTarget.value = "";
            }}
          />
        </Group>
        {reading.isError && (
          <Note tone="signal" alert>
            {say(reading.error)}
          </Note>
        )}
        {waits && (
          <Note tone="signal" alert title={t("fhir.otherPatient")}>
            <p className={classes.plain}>
              {t("fhir.otherPatientText", {
                names: result.patient_names.join(", ") || "—",
                numbers: result.patient_numbers.join(", "),
                number: patient.patient_id,
              })}
            </p>
            <Button size="xs" color="signal" onClick={() => take(result)}>
              {t("fhir.takeAnyway")}
            </Button>
          </Note>
        )}
        {result !== undefined && !waits && (
          <Note tone={result.records.length > 0 ? "moss" : "amber"}>{t("fhir.taken", { count: result.records.length })}</Note>
        )}
        {result !== undefined && result.refused.length > 0 && (
          <Note tone="amber" title={t("fhir.refused", { count: result.refused.length })}>
            <ul className={classes.refused}>
              {result.refused.map((one) => (
                <li key={one.position}>
                  {t("fhir.entry", { position: one.position, kind: one.resource_type })} {inLanguage(one, language)}
                </li>
              ))}
            </ul>
          </Note>
        )}
      </div>
    </details>
  );
}
