import { Button, Group, Modal, Radio, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUrgent } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useCriticalCategories, useCriticalResults, useRaiseCritical, type NewCriticalResult } from "../api/criticalHooks";
import { usePollMs } from "../api/events";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./critical.module.css";
import { useSpan } from "./useSpan";

/** Where the specialist is: tells the side that asked of a critical result, with or without a report. */
export function RaiseCritical({ consultId, fullWidth = false }: { consultId: string; fullWidth?: boolean }) {
  const { t } = useTranslation("critical");
  const [opened, dialog] = useDisclosure(false);
  const results = useCriticalResults(consultId, usePollMs());
  if (!results.data?.may_raise) return null;
  return (
    <>
      <Button
        variant="light"
        color="signal"
        fullWidth={fullWidth}
        leftSection={<IconUrgent size={16} />}
        onClick={dialog.open}
      >
        {t("raise.open")}
      </Button>
      <Modal
        opened={opened}
        onClose={dialog.close}
        title={t("raise.title")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Form consultId={consultId} onClose={dialog.close} />
      </Modal>
    </>
  );
}

function Form({ consultId, onClose }: { consultId: string; onClose: () => void }) {
  const { t } = useTranslation("critical");
  const language = useLanguage();
  const say = useProblemText();
  const span = useSpan();
  const known = useCriticalCategories();
  const raise = useRaiseCritical(consultId);
  const [category, setCategory] = useState<NewCriticalResult["category"] | null>(null);
  const [finding, setFinding] = useState("");
  const isReady = category !== null && finding.trim() !== "";
  if (known.isPending) return <LoadingState rows={4} />;
  if (known.isError) return <ErrorState error={known.error} onRetry={() => void known.refetch()} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (category !== null && isReady) raise.mutate({ category, finding: finding.trim() }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("raise.text")}</Text>
        <Radio.Group
          label={t("raise.category")}
          value={category}
          onChange={(value) => setCategory(known.data.categories.find(({ code }) => code === value)?.code ?? null)}
        >
          <div className={classes.categories}>
            {known.data.categories.map((one) => (
              <Radio
                key={one.code}
                value={one.code}
                label={inLanguage(one.title, language)}
                description={
                  <>
                    {inLanguage(one.examples, language)}{" "}
                    <span className="tabular">{t("raise.within", { span: span(one.ladder[0]?.after_minutes ?? 0) })}</span>
                  </>
                }
              />
            ))}
          </div>
        </Radio.Group>
        <Textarea
          label={t("raise.finding")}
          description={t("raise.findingHint")}
          autosize
          minRows={2}
          maxLength={1000}
          required
          value={finding}
          onChange={(event) => setFinding(event.currentTarget.value)}
        />
        <div className={classes.muted}>{t("raise.source")}</div>
        {raise.isError && (
          <Note tone="signal" alert>
            {say(raise.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" color="signal" disabled={!isReady} loading={raise.isPending}>
            {t("raise.submit")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
