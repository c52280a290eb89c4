import { Button, Checkbox, Group, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSend } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useProposeAgreement } from "../api/institutionHooks";
import type { Agreements } from "../api/types";
import { useLanguage } from "../app/i18n";
import { SPECIALTIES } from "../consults/status";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { agreementTerms, dayOf, LEGAL_ROLES, startOfDay, type AgreementDraft } from "./agreement";
import classes from "./institution.module.css";

const A_YEAR_DAYS = 364;

function emptyDraft({ others }: Agreements): AgreementDraft {
  const today = dayOf(new Date());
  return {
    direction: "we-ask",
    other: others[0]?.id ?? "",
    specialties: ["radiology"],
    legalRoles: ["consultation"],
    firstDay: today,
    lastDay: dayOf(startOfDay(today, A_YEAR_DAYS)),
  };
}

export function ProposeAgreement({ known }: { known: Agreements }) {
  const { t } = useTranslation("institution");
  const language = useLanguage();
  const say = useProblemText();
  const propose = useProposeAgreement();
  const [draft, setDraft] = useState(() => emptyDraft(known));
  const change = (part: Partial<AgreementDraft>) => setDraft((current) => ({ ...current, ...part }));
  const terms = agreementTerms(draft, known.own.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (terms === null) return;
    propose.mutate(terms, {
      onSuccess: () => {
        notifications.show({ color: "moss", message: t("propose.done") });
        setDraft(emptyDraft(known));
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <div className={classes.fields}>
        <NativeSelect
          label={t("propose.other")}
          value={draft.other}
          onChange={(event) => change({ other: event.currentTarget.value })}
          data={known.others.map((one) => ({ value: one.id, label: institutionName(one, language) }))}
        />
        <NativeSelect
          label={t("propose.direction")}
          value={draft.direction}
          onChange={(event) => change({ direction: event.currentTarget.value === "we-ask" ? "we-ask" : "they-ask" })}
          data={[
            { value: "we-ask", label: t("propose.weAsk") },
            { value: "they-ask", label: t("propose.theyAsk") },
          ]}
        />
        <TextInput
          type="date"
          label={t("propose.firstDay")}
          required
          value={draft.firstDay}
          onChange={(event) => change({ firstDay: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label={t("propose.lastDay")}
          required
          value={draft.lastDay}
          min={draft.firstDay}
          onChange={(event) => change({ lastDay: event.currentTarget.value })}
          error={draft.lastDay !== "" && draft.lastDay < draft.firstDay ? t("propose.lastBeforeFirst") : null}
        />
      </div>
      <div className={classes.stack}>
        <Checkbox.Group
          label={t("propose.specialties")}
          value={[...draft.specialties]}
          onChange={(specialties) => change({ specialties })}
        >
          <Group gap="sm" mt={6}>
            {SPECIALTIES.map((value) => (
              <Checkbox key={value} value={value} label={t(`common:specialty.${value}`)} />
            ))}
          </Group>
        </Checkbox.Group>
        <Checkbox.Group
          label={t("propose.legalRoles")}
          value={[...draft.legalRoles]}
          onChange={(legalRoles) => change({ legalRoles })}
        >
          <div className={classes.fields}>
            {LEGAL_ROLES.map((value) => (
              <Checkbox
                key={value}
                value={value}
                label={t(`consult:legalRole.${value}`)}
                description={t(`consult:legalRoleText.${value}`)}
              />
            ))}
          </div>
        </Checkbox.Group>
      </div>
      {propose.isError && (
        <Note tone="signal" alert>
          {say(propose.error)}
        </Note>
      )}
      <div className={classes.submit}>
        <Button type="submit" loading={propose.isPending} disabled={terms === null} leftSection={<IconSend size={16} />}>
          {t("propose.submit")}
        </Button>
      </div>
    </form>
  );
}
