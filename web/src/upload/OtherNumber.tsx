import { Button, Checkbox } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useAttachStudy, useConsult } from "../api/hooks";
import type { Consult, StudySummary } from "../api/types";
import { Note } from "../ui/Note";
import { formatPersonName } from "../ui/format";
import { useLanguage } from "../app/i18n";
import { useProblemText } from "../ui/problem";
import classes from "./upload.module.css";

/** Studies that came under another patient number than the consult's: a person says whether it is the same person. */
export function OtherNumber({ consultId, studies }: { consultId: string; studies: readonly StudySummary[] }) {
  const consult = useConsult(consultId);
  if (consult.data === undefined) return null;
  const { patient, studies: joined } = consult.data;
  const left = studies.filter(
    (study) =>
      study.patient.id !== patient.id && !joined.some((known) => known.study_instance_uid === study.study_instance_uid),
  );
  return left.map((study) => (
    <Question key={study.study_instance_uid} consultId={consultId} study={study} patient={patient} />
  ));
}

function Question({ consultId, study, patient }: { consultId: string; study: StudySummary; patient: Consult["patient"] }) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const attach = useAttachStudy(consultId);
  const say = useProblemText();
  const [same, setSame] = useState(false);
  const named = (person: Consult["patient"]) =>
    `${formatPersonName(person.name, language)} · ${t("common:patientId")} ${person.patient_id}`;
  return (
    <div className={classes.item} data-testid="other-number" data-study={study.study_instance_uid}>
      <Note tone="amber" title={t("otherNumber.title")} alert>
        <div>{t("otherNumber.consult", { who: named(patient) })}</div>
        <div>{t("otherNumber.study", { who: named(study.patient) })}</div>
        {attach.isError && <div role="alert">{say(attach.error)}</div>}
        <Checkbox
          mt={8}
          size="xs"
          checked={same}
          onChange={(event) => setSame(event.currentTarget.checked)}
          label={t("otherNumber.same")}
        />
        <Button
          size="xs"
          mt={8}
          disabled={!same}
          loading={attach.isPending}
          onClick={() => attach.mutate({ uid: study.study_instance_uid, samePerson: true })}
        >
          {t("otherNumber.add")}
        </Button>
      </Note>
    </div>
  );
}
