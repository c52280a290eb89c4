import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconInfinity, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useAddRule, useRemoveRule, useRulePreview } from "../api/manageHooks";
import type { Management, NewRetentionRule } from "../api/types";
import { formatDate } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import classes from "./manage.module.css";
import { RecordClasses } from "./RecordClasses";

/** What a rule that deletes would meet, before it is made. */
function Preview({ modality, days, action }: { modality: string; days: number | null; action: NewRetentionRule["action"] }) {
  const { t } = useTranslation("manage");
  const [asked] = useDebouncedValue({ modality, days }, 400);
  const preview = useRulePreview(action === "delete" ? asked : null).data;
  if (action !== "delete" || preview === undefined) return null;
  return (
    <Note tone={preview.concerned_now > 0 ? "amber" : "neutral"}>
      {preview.concerned_now > 0
        ? t("rules.preview", { count: preview.concerned_now, date: formatDate(preview.begins_at) })
        : t("rules.previewNone", { date: formatDate(preview.begins_at) })}
    </Note>
  );
}

function AddRule({ leastDays }: { leastDays: number }) {
  const { t } = useTranslation("manage");
  const say = useProblemText();
  const add = useAddRule();
  const [modality, setModality] = useState("");
  const [days, setDays] = useState<number | null>(null);
  const [action, setAction] = useState<NewRetentionRule["action"]>("cold");
  const [isElsewhere, setIsElsewhere] = useState(false);
  const isTooShort = action === "delete" && days !== null && days < leastDays;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (days === null) return;
    add.mutate(
      {
        modality: modality.trim() === "" ? null : modality.trim(),
        older_than_days: days,
        action,
        originals_elsewhere: isTooShort && isElsewhere,
      },
      { onSuccess: () => { setModality(""); setDays(null); setIsElsewhere(false); } },
    );
  };
  return (
    <form onSubmit={submit}>
      <div className={classes.fields}>
        <TextInput
          label={t("rules.modality")}
          maxLength={16}
          value={modality}
          onChange={(event) => setModality(event.currentTarget.value.toUpperCase())}
        />
        <NumberInput
          label={t("rules.days")}
          required
          hideControls
          allowDecimal={false}
          allowNegative={false}
          min={1}
          max={36500}
          value={days ?? ""}
          onChange={(value) => setDays(typeof value === "number" ? value : null)}
        />
        <NativeSelect
          label={t("rules.action")}
          value={action}
          onChange={(event) => setAction(event.currentTarget.value === "delete" ? "delete" : "cold")}
          data={[
            { value: "cold", label: t("rules.coldOption") },
            { value: "delete", label: t("rules.deleteOption") },
          ]}
        />
      </div>
      {isTooShort && (
        <Checkbox
          mt="md"
          label={t("rules.elsewhere", { count: leastDays / 365 })}
          checked={isElsewhere}
          onChange={(event) => setIsElsewhere(event.currentTarget.checked)}
        />
      )}
      <Preview modality={modality.trim()} days={days} action={action} />
      {add.isError && (
        <Note tone="signal" alert>
          {say(add.error)}
        </Note>
      )}
      <div className={classes.submit}>
        <Button type="submit" loading={add.isPending} disabled={days === null || (isTooShort && !isElsewhere)} leftSection={<IconPlus size={16} />}>
          {t("rules.add")}
        </Button>
      </div>
    </form>
  );
}

export function Rules({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  const remove = useRemoveRule();
  return (
    <div className={classes.stack}>
      <Panel flush title={t("rules.title")}>
        <p className={classes.explained}>{t("rules.text")}</p>
        {management.rules.length === 0 ? (
          <EmptyState icon={IconInfinity} title={t("rules.empty")} />
        ) : (
          <ul className={classes.rows}>
            {management.rules.map((rule) => (
              <li key={rule.id} className={classes.row}>
                <div className={classes.what}>
                  <div>
                    {rule.modality === null ? t("rules.any") : t("rules.only", { modality: rule.modality })}{" "}
                    {t("rules.older", { count: rule.older_than_days })} {t(`rules.${rule.action}`)}
                  </div>
                  <div className={classes.muted}>
                    {t("rules.now", { count: rule.concerned_now })}
                    {rule.first_goes_at !== null && ` · ${t("rules.first", { date: formatDate(rule.first_goes_at) })}`}
                  </div>
                </div>
                <div className={classes.actions}>
                  {management.may.set_retention && (
                    <Button
                      size="xs"
                      variant="subtle"
                      color="signal"
                      leftSection={<IconTrash size={14} />}
                      loading={remove.isPending && remove.variables === rule.id}
                      onClick={() => remove.mutate(rule.id)}
                    >
                      {t("rules.remove")}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {management.may.set_retention && (
        <Panel title={t("rules.add")}>
          <AddRule leastDays={management.record_classes.find(({ name }) => name === "images")?.least_days ?? 0} />
        </Panel>
      )}
      <RecordClasses management={management} />
    </div>
  );
}
