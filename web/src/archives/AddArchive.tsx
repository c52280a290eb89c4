import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useAddArchive } from "../api/archiveHooks";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { emptyDraft, KINDS, newArchive, WAYS, type Draft } from "./draft";
import classes from "./archives.module.css";

/** For administrators: where another hospital's archive is, and whether priors come from it by themselves. */
export function AddArchive() {
  const { t } = useTranslation("archives");
  const say = useProblemText();
  const add = useAddArchive();
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const change = (part: Partial<Draft>) => setDraft((current) => ({ ...current, ...part }));
  const request = newArchive(draft);
  type Words = { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft];
  const text = (field: Words) => ({
    value: draft[field],
    onChange: (event: { currentTarget: { value: string } }) => change({ [field]: event.currentTarget.value }),
  });
  const whole = (field: "port" | "priorDays" | "priorCount") => ({
    hideControls: true,
    allowDecimal: false,
    allowNegative: false,
    value: draft[field] ?? "",
    onChange: (value: string | number) => change({ [field]: typeof value === "number" ? value : null }),
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (request === null) return;
    add.mutate(request, {
      onSuccess: ({ name }) => {
        notifications.show({ color: "moss", message: t("add.done", { name }) });
        setDraft(emptyDraft);
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <div className={classes.fields}>
        <TextInput label={t("add.name")} placeholder={t("add.nameHint")} required maxLength={200} {...text("name")} />
        <NativeSelect
          label={t("add.kind")}
          value={draft.kind}
          onChange={(event) => change({ kind: event.currentTarget.value as Draft["kind"] })}
          data={KINDS.map((value) => ({ value, label: t(`add.kinds.${value}`) }))}
        />
        {draft.kind === "dimse" ? (
          <>
            <TextInput label={t("add.aeTitle")} required maxLength={16} {...text("aeTitle")} />
            <TextInput label={t("add.host")} required maxLength={200} {...text("host")} />
            <NumberInput label={t("add.port")} required min={1} max={65535} {...whole("port")} />
            <NativeSelect
              label={t("add.retrieveBy")}
              value={draft.retrieveBy}
              onChange={(event) => change({ retrieveBy: event.currentTarget.value as Draft["retrieveBy"] })}
              data={WAYS.map((value) => ({ value, label: t(`add.ways.${value}`) }))}
            />
          </>
        ) : (
          <>
            <TextInput label={t("add.url")} placeholder={t("add.urlHint")} required maxLength={500} {...text("url")} />
            <TextInput label={t("add.username")} maxLength={200} autoComplete="off" {...text("username")} />
            <TextInput
              label={t("add.passwordFile")}
              description={t("add.passwordFileHint")}
              maxLength={200}
              {...text("passwordFile")}
            />
          </>
        )}
        <Checkbox
          className={classes.wide ?? ""}
          label={t("add.priors")}
          checked={draft.priors}
          onChange={(event) => change({ priors: event.currentTarget.checked })}
        />
        {draft.priors && (
          <>
            <NumberInput label={t("add.priorDays")} required min={1} max={36500} {...whole("priorDays")} />
            <NumberInput label={t("add.priorCount")} required min={1} max={20} {...whole("priorCount")} />
            <TextInput label={t("add.priorModalities")} placeholder="CT MR" maxLength={60} {...text("priorModalities")} />
            <Checkbox
              className={classes.low ?? ""}
              label={t("add.priorBodyPart")}
              checked={draft.priorBodyPart}
              onChange={(event) => change({ priorBodyPart: event.currentTarget.checked })}
            />
          </>
        )}
      </div>
      {add.isError && (
        <div className={classes.problem}>
          <Note tone="signal" alert>
            {say(add.error)}
          </Note>
        </div>
      )}
      <div className={classes.submit}>
        <span />
        <Button type="submit" loading={add.isPending} disabled={request === null} leftSection={<IconPlus size={16} />}>
          {t("add.submit")}
        </Button>
      </div>
    </form>
  );
}
