import { NativeSelect, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./opinions.module.css";
import type { Compared, ComparisonDraft } from "./useComparisonDraft";

const AGREEMENTS = ["agree", "agree-with-additions", "disagree"] as const;
const SCORES = ["1", "2a", "2b", "3a", "3b"] as const;

function Form({ compared, draft }: { compared: Compared; draft: ComparisonDraft }) {
  const { t } = useTranslation("opinion");
  const say = useProblemText();
  return (
    <>
      <div>
        <div className={classes.label}>{t("compare.agreement")}</div>
        <SegmentedControl
          fullWidth
          classNames={{ label: classes.agreement ?? "" }}
          aria-label={t("compare.agreement")}
          value={compared.agreement ?? ""}
          onChange={(value) => draft.change({ agreement: AGREEMENTS.find((one) => one === value) ?? null })}
          data={AGREEMENTS.map((value) => ({ value, label: t(`agreement.${value}`) }))}
        />
      </div>
      {compared.agreement !== null && (
        <>
          <Textarea
            label={t("compare.difference")}
            description={t("compare.differenceHint")}
            autosize
            minRows={2}
            maxLength={20_000}
            value={compared.difference}
            onChange={(event) => draft.change({ difference: event.currentTarget.value })}
          />
          <NativeSelect
            label={t("compare.score")}
            description={t("compare.scoreSource")}
            value={compared.radpeer_score ?? ""}
            onChange={(event) =>
              draft.change({ radpeer_score: SCORES.find((one) => one === event.currentTarget.value) ?? null })
            }
            data={[{ value: "", label: t("compare.noScore") }, ...SCORES.map((value) => ({ value, label: t(`score.${value}`) }))]}
          />
        </>
      )}
      {draft.error !== null && (
        <Note tone="signal" alert>
          {say(draft.error)}
        </Note>
      )}
    </>
  );
}

/** The first report at the head of a second opinion, and whether the two agree. */
export function FirstReport({ text, draft }: { text: string; draft: ComparisonDraft }) {
  const { t } = useTranslation("opinion");
  const { query, compared } = draft;
  return (
    <section aria-label={t("firstReport")} className={classes.first}>
      <div className={classes.label}>{t("firstReport")}</div>
      <p className={classes.quoted}>{text}</p>
      <Stack gap="sm">
        {query.isPending && <LoadingState rows={2} />}
        {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
        {query.data?.may_write && compared !== null && <Form compared={compared} draft={draft} />}
        {query.isSuccess && !query.data.may_write && query.data.agreement !== null && (
          <Note tone={query.data.agreement === "agree" ? "moss" : "amber"} title={t(`agreement.${query.data.agreement}`)}>
            <div className={classes.text}>{query.data.difference}</div>
            {query.data.radpeer_score !== null && t(`score.${query.data.radpeer_score}`)}
          </Note>
        )}
      </Stack>
    </section>
  );
}
