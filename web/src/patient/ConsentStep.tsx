import { Button, Checkbox, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Appointment, Visit } from "../api/visit";
import { useLanguage } from "../app/i18n";
import { ConsentWords } from "../consents/ConsentWords";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { VisitFrame } from "./VisitFrame";
import classes from "./visit.module.css";

export interface ConsentStepProps {
  visit: Visit;
  appointment: Appointment;
  /** The consent was there, and was taken back. */
  hasLeft: boolean;
  onSigned: () => void;
}

/** Who will see what, in plain words, and the consent to it with one's name. */
export function ConsentStep({ visit, appointment, hasLeft, onSigned }: ConsentStepProps) {
  const { t } = useTranslation("visit");
  const language = useLanguage();
  const say = useProblemText();
  const [signature, setSignature] = useState("");
  const [isForOther, setForOther] = useState(false);
  const [relation, setRelation] = useState("");
  const sign = useMutation({ mutationFn: visit.sign, onSuccess: onSigned });
  const { consent_text: text, doctors } = appointment;
  const isReady = signature.trim() !== "" && (!isForOther || relation.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    sign.mutate({
      giver: isForOther ? "guardian" : "patient",
      signature: signature.trim(),
      text: { id: text.id, version: text.version, language },
      ...(isForOther ? { relation: relation.trim() } : {}),
    });
  };
  return (
    <VisitFrame title={t("consent.title", { name: appointment.name })}>
      {hasLeft && (
        <Note tone="amber" alert title={t("consent.withdrawnTitle")}>
          {t("consent.withdrawnText")}
        </Note>
      )}
      <section className={classes.who}>
        <h2>{t("consent.who")}</h2>
        <ul>
          {doctors.map((doctor) => (
            <li key={doctor.id}>
              {doctor.display_name}
              <div className={classes.muted}>{institutionName(doctor.institution, language)}</div>
            </li>
          ))}
        </ul>
      </section>
      <ConsentWords text={text} />
      <form onSubmit={submit} className={classes.steps}>
        <TextInput
          label={t("consent.signature")}
          description={t("consent.signatureHint")}
          size="md"
          required
          withAsterisk={false}
          maxLength={100}
          autoComplete="name"
          value={signature}
          onChange={(event) => setSignature(event.currentTarget.value)}
        />
        <Checkbox
          label={t("consent.forOther")}
          checked={isForOther}
          onChange={(event) => setForOther(event.currentTarget.checked)}
        />
        {isForOther && (
          <TextInput
            label={t("consent.relation")}
            size="md"
            required
            withAsterisk={false}
            maxLength={100}
            value={relation}
            onChange={(event) => setRelation(event.currentTarget.value)}
          />
        )}
        {sign.isError && (
          <Note tone="signal" alert>
            {say(sign.error)}
          </Note>
        )}
        <Button type="submit" size="lg" loading={sign.isPending} disabled={!isReady}>
          {t("consent.agree")}
        </Button>
        <p className={classes.muted}>{t("consent.no")}</p>
      </form>
    </VisitFrame>
  );
}
