import { Button, Checkbox, NativeSelect, Textarea } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";

import { ApiError } from "../api/client";
import { useCreateConsult, useStudiesByUid, useStudiesOfPatient } from "../api/hooks";
import type { ConsentMethod, LegalRole, NewConsult, PatientRef, Urgency } from "../api/types";
import { HistoryEditor } from "../history/HistoryEditor";
import { FormChoice } from "../opinions/FormChoice";
import { PatientPicker } from "../studies/PatientPicker";
import { Narrow } from "../ui/Narrow";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { Choices } from "./Choices";
import { UrgencyTag } from "./ConsultTags";
import classes from "./consults.module.css";
import { draftFaults, EMPTY_DRAFT, newConsult, type ConsultDraft, type DraftFault } from "./draft";
import { forgetDraft, recallDraft, rememberDraft } from "./draftMemory";
import { AGREEMENTS_PAGE, ReachNote } from "./ReachNote";
import { SPECIALTIES } from "./status";
import { StudyChoices } from "./StudyChoices";

const URGENCIES: readonly Urgency[] = ["routine", "urgent", "emergency"];
const LEGAL_ROLES: readonly LegalRole[] = ["consultation", "remote-diagnosis"];
const CONSENT_METHODS: readonly ConsentMethod[] = ["written", "witnessed", "emergency"];

function Form() {
  const { t } = useTranslation("consult");
  const navigate = useNavigate();
  const say = useProblemText();
  const [parameters] = useSearchParams();
  const preset = parameters.get("study");
  const presetStudies = useStudiesByUid(preset === null ? [] : [preset]);
  const create = useCreateConsult();
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState(false);
  const [draft, setDraft] = useState<ConsultDraft>(() => recallDraft(preset) ?? EMPTY_DRAFT);
  const change = (part: Partial<ConsultDraft>) => setDraft((current) => ({ ...current, ...part }));

  useEffect(() => rememberDraft(preset, draft), [preset, draft]);

  const studies = useStudiesOfPatient(draft.patient_id);
  const [picked, pick] = useState<PatientRef | null>(null);
  const patient =
    [picked, studies.data?.[0]?.patient].find((one) => one != null && one.id === draft.patient_id) ?? null;
  const presetStudy = presetStudies.data?.[0];
  if (presetStudy !== undefined && draft.patient_id === null) {
    change({ patient_id: presetStudy.patient.id, study_instance_uids: [presetStudy.study_instance_uid] });
  }
  if (presetStudies.isLoading || (studies.isLoading && patient === null)) return <LoadingState rows={8} />;
  const failed = [presetStudies, studies].find(({ isLoadingError }) => isLoadingError);
  if (failed !== undefined) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />;

  const faults = draftFaults(draft);
  const fault = (name: DraftFault) => (tried && faults.has(name) ? t(name === "history" ? "history:fault.history" : `fault.${name}`) : null);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const request = newConsult(draft);
    if (request === null) {
      requestAnimationFrame(() => form.current?.querySelector('[role="alert"]')?.scrollIntoView({ block: "center" }));
      return;
    }
    create.mutate(request, {
      onSuccess: (consult) => {
        forgetDraft(preset);
        void navigate(`/consults/${consult.id}`);
      },
    });
  };
  return (
    <form ref={form} onSubmit={submit} className={classes.form} noValidate>
      <Panel title={t("form.who")}>
        <div className={classes.column}>
          <PatientPicker
            label={t("form.patient")}
            placeholder={t("form.choosePatient")}
            value={patient}
            onChange={(chosen) => {
              pick(chosen);
              change({ patient_id: chosen?.id ?? null, study_instance_uids: [] });
            }}
            error={fault("patient")}
            errorProps={{ role: "alert" }}
          />
          {studies.isLoading && <LoadingState rows={2} />}
          {studies.isSuccess && (
            <StudyChoices
              studies={studies.data}
              chosen={draft.study_instance_uids}
              onChange={(study_instance_uids) => change({ study_instance_uids })}
              fault={fault("study")}
            />
          )}
        </div>
      </Panel>
      <Panel title={t("form.what")}>
        <div className={classes.column}>
          <Textarea
            label={t("form.question")}
            description={t("form.questionHint")}
            autosize
            minRows={4}
            maxLength={4000}
            value={draft.question}
            onChange={(event) => change({ question: event.currentTarget.value })}
            error={fault("question")}
            errorProps={{ role: "alert" }}
          />
          <Choices
            legend={t("form.urgency")}
            name="urgency"
            value={draft.urgency}
            onChange={(urgency) => change({ urgency })}
            choices={URGENCIES.map((value) => ({
              value,
              title: <UrgencyTag urgency={value} />,
              text: t(`urgencyText.${value}`),
            }))}
          />
          <NativeSelect
            label={t("form.specialty")}
            value={draft.specialty}
            onChange={(event) => change({ specialty: event.currentTarget.value as NewConsult["specialty"] })}
            data={SPECIALTIES.map((value) => ({ value, label: t(`common:specialty.${value}`) }))}
            maw={320}
          />
          <Choices
            legend={t("form.legalRole")}
            name="legal-role"
            value={draft.legal_role}
            onChange={(legal_role) => change({ legal_role })}
            choices={LEGAL_ROLES.map((value) => ({
              value,
              title: t(`legalRole.${value}`),
              text: t(`legalRoleText.${value}`),
            }))}
          />
          <FormChoice
            draft={draft}
            onChange={change}
            fault={tried && faults.has("disciplines") ? t("opinion:form.fault") : null}
          />
          <ReachNote specialty={draft.specialty} legalRole={draft.legal_role} />
        </div>
      </Panel>
      <Panel title={t("history:title")}>
        <div className={classes.column}>
          <p className={classes.lead}>{t("history:lead")}</p>
          <HistoryEditor
            draft={draft.history}
            patient={patient}
            onChange={(history) => change({ history })}
            showFaults={tried}
          />
          {fault("history") !== null && (
            <Note tone="signal" alert>
              {fault("history")}
            </Note>
          )}
        </div>
      </Panel>
      <Panel title={t("form.consent")}>
        <div className={classes.column}>
          <Note tone="petrol">{t("form.consentText")}</Note>
          <Choices
            legend={t("form.consentMethod")}
            name="consent"
            value={draft.consent_method}
            onChange={(consent_method) => change({ consent_method })}
            fault={fault("consentMethod")}
            choices={CONSENT_METHODS.map((value) => ({
              value,
              title: t(`consent.${value}`),
              text: t(`consentText.${value}`),
            }))}
          />
          {draft.consent_method !== null && draft.consent_method !== "emergency" && (
            <Checkbox
              label={t("form.consentGiven")}
              checked={draft.consent_given}
              onChange={(event) => change({ consent_given: event.currentTarget.checked })}
              error={fault("consentGiven")}
            />
          )}
          {draft.consent_method !== null && (
            <Textarea
              label={t(draft.consent_method === "emergency" ? "form.emergencyReason" : "form.consentNote")}
              autosize
              minRows={2}
              maxLength={500}
              value={draft.consent_note}
              onChange={(event) => change({ consent_note: event.currentTarget.value })}
              error={fault("emergencyReason")}
              errorProps={{ role: "alert" }}
            />
          )}
        </div>
      </Panel>
      {create.isError && (
        <Note tone="signal" alert>
          {say(create.error)}{" "}
          {create.error instanceof ApiError && create.error.code === "no-agreement" && (
            <Link to={AGREEMENTS_PAGE}>{t("reach.agreements")}</Link>
          )}
        </Note>
      )}
      <div className={classes.submit}>
        <Button variant="default" component={Link} to="/">
          {t("common:cancel")}
        </Button>
        <Button type="submit" loading={create.isPending} leftSection={<IconSend size={16} />}>
          {t("form.submit")}
        </Button>
      </div>
    </form>
  );
}

export function NewConsultPage() {
  const { t } = useTranslation("consult");
  return (
    <Narrow>
      <PageHead title={t("form.title")} lead={t("form.lead")} />
      <Form />
    </Narrow>
  );
}
