import { Button, Group, NativeSelect, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useComparison, useSaveComparison } from "../api/opinionHooks";
import type { Comparison, Consult } from "../api/types";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./opinions.module.css";

const AGREEMENTS = ["agree", "agree-with-additions", "disagree"] as const;
const SCORES = ["1", "2a", "2b", "3a", "3b"] as const;

function Form({ consultId, stored }: { consultId: string; stored: Comparison }) {
  const { t } = useTranslation("opinion");
  const say = useProblemText();
  const save = useSaveComparison(consultId);
  const [agreement, setAgreement] = useState(stored.agreement);
  const [difference, setDifference] = useState(stored.difference);
  const [score, setScore] = useState(stored.radpeer_score);
  const missing = agreement === null || (agreement !== "agree" && difference.trim() === "");
  return (
    <Stack gap="sm">
      <div>
        <div className={classes.label}>{t("compare.agreement")}</div>
        <SegmentedControl
          fullWidth
          aria-label={t("compare.agreement")}
          value={agreement ?? ""}
          onChange={(value) => setAgreement(AGREEMENTS.find((one) => one === value) ?? null)}
          data={AGREEMENTS.map((value) => ({ value, label: t(`agreement.${value}`) }))}
        />
      </div>
      <Textarea
        label={t("compare.difference")}
        description={t("compare.differenceHint")}
        autosize
        minRows={2}
        maxLength={20_000}
        value={difference}
        onChange={(event) => setDifference(event.currentTarget.value)}
      />
      <NativeSelect
        label={t("compare.score")}
        description={t("compare.scoreSource")}
        value={score ?? ""}
        onChange={(event) => setScore(SCORES.find((one) => one === event.currentTarget.value) ?? null)}
        data={[{ value: "", label: t("compare.noScore") }, ...SCORES.map((value) => ({ value, label: t(`score.${value}`) }))]}
      />
      {save.isError && (
        <Note tone="signal" alert>
          {say(save.error)}
        </Note>
      )}
      <Group justify="flex-end">
        <Button
          disabled={missing}
          loading={save.isPending}
          onClick={() => {
            if (agreement === null) return;
            save.mutate(
              { agreement, difference: difference.trim(), radpeer_score: score, version: stored.version },
              { onSuccess: () => notifications.show({ color: "moss", message: t("compare.saved") }) },
            );
          }}
        >
          {t("compare.save")}
        </Button>
      </Group>
    </Stack>
  );
}

/** The first report beside a second opinion, and whether the two agree. */
export function FirstReport({ consult }: { consult: Consult }) {
  const { t } = useTranslation("opinion");
  const comparison = useComparison(consult.id);
  return (
    <Panel title={t("firstReport")}>
      <Stack>
        <p className={classes.text}>{consult.first_report}</p>
        {comparison.isPending && <LoadingState rows={2} />}
        {comparison.isError && <ErrorState error={comparison.error} onRetry={() => void comparison.refetch()} />}
        {comparison.data?.may_write && (
          <Form key={comparison.data.version} consultId={consult.id} stored={comparison.data} />
        )}
        {comparison.isSuccess && !comparison.data.may_write && comparison.data.agreement !== null && (
          <Note tone={comparison.data.agreement === "agree" ? "moss" : "amber"} title={t(`agreement.${comparison.data.agreement}`)}>
            <div className={classes.text}>{comparison.data.difference}</div>
            {comparison.data.radpeer_score !== null && t(`score.${comparison.data.radpeer_score}`)}
          </Note>
        )}
      </Stack>
    </Panel>
  );
}
