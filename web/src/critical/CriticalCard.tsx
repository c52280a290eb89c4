import { Button, Group, Textarea } from "@mantine/core";
import { IconCheck, IconCircleCheck, IconCircleX, IconPhone, IconUrgent, type Icon } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useCriticalStep, type CriticalResult, type CriticalStatus } from "../api/criticalHooks";
import { inLanguage, useLanguage } from "../app/i18n";
import type { Tone } from "../app/theme";
import { WordsDialog } from "../consents/WordsDialog";
import { actorName, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { Tag, toneStyle } from "../ui/Tag";
import classes from "./critical.module.css";
import { TelephoneDialog } from "./TelephoneDialog";

const LOOK: Readonly<Record<CriticalStatus, { tone: Tone; icon: Icon }>> = {
  open: { tone: "signal", icon: IconUrgent },
  overdue: { tone: "signal", icon: IconUrgent },
  acknowledged: { tone: "moss", icon: IconCircleCheck },
  withdrawn: { tone: "neutral", icon: IconCircleX },
};

function Acknowledge({ result }: { result: CriticalResult }) {
  const { t } = useTranslation("critical");
  const say = useProblemText();
  const step = useCriticalStep(result);
  const [decision, setDecision] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (decision.trim() !== "") step.mutate({ step: "acknowledgement", decision: decision.trim() });
  };
  return (
    <form onSubmit={submit} className={classes.answer}>
      <Textarea
        label={t("acknowledge.label")}
        placeholder={t("acknowledge.hint")}
        autosize
        minRows={1}
        maxLength={1000}
        required
        withAsterisk={false}
        value={decision}
        onChange={(event) => setDecision(event.currentTarget.value)}
      />
      <Button type="submit" color="signal" leftSection={<IconCheck size={16} />} disabled={decision.trim() === ""} loading={step.isPending}>
        {t("acknowledge.submit")}
      </Button>
      {step.isError && (
        <Note tone="signal" alert>
          {say(step.error)}
        </Note>
      )}
    </form>
  );
}

/** What who found it can do while nobody has acknowledged it. */
function Finder({ result }: { result: CriticalResult }) {
  const { t } = useTranslation("critical");
  const step = useCriticalStep(result);
  const [asking, setAsking] = useState<"telephone" | "withdrawal" | null>(null);
  const close = () => setAsking(null);
  return (
    <Group gap={8}>
      <Button size="xs" variant="default" leftSection={<IconPhone size={15} />} onClick={() => setAsking("telephone")}>
        {t("telephone.open")}
      </Button>
      <Button size="xs" variant="subtle" color="signal" onClick={() => setAsking("withdrawal")}>
        {t("withdraw.open")}
      </Button>
      <TelephoneDialog result={result} opened={asking === "telephone"} onClose={close} />
      <WordsDialog
        opened={asking === "withdrawal"}
        onClose={close}
        title={t("withdraw.title")}
        text={t("withdraw.text")}
        label={t("withdraw.reason")}
        confirm={t("withdraw.open")}
        isDanger
        step={step}
        onSay={(reason) => step.mutate({ step: "withdrawal", reason }, { onSuccess: close })}
      />
    </Group>
  );
}

/** One critical result: what, by whom, how it stands, and the step that is this user's. */
export function CriticalCard({ result }: { result: CriticalResult }) {
  const { t } = useTranslation("critical");
  const language = useLanguage();
  const when = (value: string) => formatInstant(value, new Date(), language);
  const listed = (names: readonly string[]) => new Intl.ListFormat(language, { type: "conjunction" }).format(names);
  const audiences = (names: readonly string[]) =>
    listed(names.map((one) => t(`ringing:audience.${one}`, { defaultValue: one })));
  const { tone, icon } = LOOK[result.status];
  const waits = result.status === "open" || result.status === "overdue";
  return (
    <section
      className={classes.card}
      style={toneStyle(tone)}
      data-critical={result.status}
      role={waits ? "alert" : undefined}
      aria-label={t("title")}
    >
      <div className={classes.head}>
        <h2 className={classes.title}>
          {t("title")} · {inLanguage(result.title, language)}
        </h2>
        <Tag tone={tone} icon={icon}>
          {t(`status.${result.status}`)}
        </Tag>
      </div>
      <p className={classes.finding}>{result.finding}</p>
      <div className={`${classes.muted} tabular`}>
        {t("raised", {
          when: when(result.raised_at),
          who: `${result.raised_by.display_name} · ${institutionName(result.raised_by.institution, language)}`,
          told: listed(result.told.map(({ display_name: name }) => name)),
        })}
      </div>
      {result.history.map((step) => (
        <div key={`${step.at}-${step.event}`} className={classes.step}>
          <span className="tabular">{when(step.at)}</span>{" "}
          {t(`step.${step.event}`, {
            who: actorName(step.actor) ?? "",
            spokenTo: step.spoken_to ?? "",
            told: audiences(step.words.split(",")),
          })}
          {step.event !== "expire" && step.words !== "" && <div className={classes.words}>{step.words}</div>}
        </div>
      ))}
      {waits && (
        <div className={`${classes.due} tabular`}>
          {[
            result.status === "open" && t("due", { when: when(result.due_at) }),
            result.next !== null && t("next", { when: when(result.next.at), who: audiences(result.next.tells) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      )}
      {result.may_acknowledge && <Acknowledge result={result} />}
      {result.may_telephone && <Finder result={result} />}
    </section>
  );
}
