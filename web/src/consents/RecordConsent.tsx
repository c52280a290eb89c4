import { Button, Group, Modal, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useRecordConsent, type ConsentText, type Giver, type NewConsent } from "../api/consentHooks";
import { useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ConsentWords } from "./ConsentWords";

const METHODS: readonly NewConsent["method"][] = ["written", "witnessed", "emergency"];
const GIVERS: readonly Giver[] = ["patient", "guardian"];

export interface RecordConsentProps {
  consultId: string;
  text: ConsentText;
  opened: boolean;
  onClose: () => void;
}

/** A clinician attests what the patient, or who decides for them, has signed or said. */
export function RecordConsent(props: RecordConsentProps) {
  const { t } = useTranslation("consent");
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={t("record")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form {...props} />
    </Modal>
  );
}

function Form({ consultId, text, onClose }: RecordConsentProps) {
  const { t } = useTranslation("consent");
  const language = useLanguage();
  const say = useProblemText();
  const record = useRecordConsent(consultId);
  const [method, setMethod] = useState<NewConsent["method"]>("written");
  const [giver, setGiver] = useState<Giver>("patient");
  const [said, setSaid] = useState({ relation: "", signature: "", witness: "", note: "" });
  const [tried, setTried] = useState(false);
  const isEmergency = method === "emergency";
  const field = (name: keyof typeof said, needed: boolean) => ({
    value: said[name],
    maxLength: name === "note" ? 1000 : 100,
    error: tried && needed && said[name].trim() === "" ? t(`missing.${name}`) : null,
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setSaid((current) => ({ ...current, [name]: value }));
    },
  });
  const needs = { note: isEmergency, relation: !isEmergency && giver === "guardian", signature: !isEmergency, witness: method === "witnessed" };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if ((Object.keys(needs) as (keyof typeof needs)[]).some((name) => needs[name] && said[name].trim() === "")) return;
    const filled = Object.fromEntries(Object.entries(said).filter(([, value]) => value.trim() !== ""));
    const shown = { id: text.id, version: text.version, language };
    const body: NewConsent = isEmergency ? { method, note: said.note } : { method, giver, ...filled, text: shown };
    record.mutate(body, { onSuccess: onClose });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <NativeSelect
          label={t("consult:form.consentMethod")}
          value={method}
          onChange={(event) => setMethod(event.currentTarget.value as NewConsent["method"])}
          data={METHODS.map((value) => ({ value, label: t(`consult:consent.${value}`) }))}
        />
        {isEmergency ? (
          <Note tone="amber">{t("emergencyText")}</Note>
        ) : (
          <>
            <ConsentWords text={text} />
            <NativeSelect
              label={t("giver")}
              value={giver}
              onChange={(event) => setGiver(event.currentTarget.value as Giver)}
              data={GIVERS.map((value) => ({ value, label: t(`by.${value}`) }))}
            />
            {giver === "guardian" && <TextInput label={t("relation")} {...field("relation", needs.relation)} />}
            <TextInput label={t("signature")} {...field("signature", needs.signature)} />
            <TextInput label={t("witness")} {...field("witness", needs.witness)} />
          </>
        )}
        <Textarea
          label={t(isEmergency ? "consult:form.emergencyReason" : "note")}
          autosize
          minRows={2}
          {...field("note", needs.note)}
        />
        {record.isError && (
          <Note tone="signal" alert>
            {say(record.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={record.isPending}>
            {t("save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
