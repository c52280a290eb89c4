import { Button, Group, Stack, Textarea } from "@mantine/core";
import { IconCheck, IconClock, IconLock, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { PanelStep } from "../api/opinionHooks";
import type { OpinionPanel } from "../api/types";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import { Tag } from "../ui/Tag";
import classes from "./opinions.module.css";

type Opinion = OpinionPanel["opinions"][number];

interface RowProps {
  opinion: Opinion;
  panel: OpinionPanel;
  isPending: boolean;
  onStep: (step: PanelStep) => void;
}

/** Agreeing with the joint draft, or dissenting in words. */
function Answer({ opinion, isPending, onStep }: Omit<RowProps, "panel">) {
  const { t } = useTranslation("opinion");
  const [dissent, setDissent] = useState(opinion.dissent);
  const send = (agrees: boolean) =>
    onStep({ step: "answer", specialty: opinion.specialty, agrees, dissent: agrees ? "" : dissent.trim() });
  return (
    <Stack gap="xs">
      <Textarea
        label={t("panel.dissent")}
        description={t("panel.dissentHint")}
        autosize
        minRows={2}
        maxLength={20_000}
        value={dissent}
        onChange={(event) => setDissent(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button variant="default" disabled={dissent.trim() === ""} loading={isPending} onClick={() => send(false)}>
          {t("panel.sayDissent")}
        </Button>
        <Button disabled={dissent.trim() !== ""} loading={isPending} onClick={() => send(true)}>
          {t("panel.sayAgree")}
        </Button>
      </Group>
    </Stack>
  );
}

function OwnText({ opinion, isPending, onStep }: Omit<RowProps, "panel">) {
  const { t } = useTranslation("opinion");
  const [text, setText] = useState(opinion.text ?? "");
  return (
    <Stack gap="xs">
      <Textarea
        label={t("panel.ownOpinion")}
        description={t("panel.ownOpinionHint")}
        autosize
        minRows={3}
        maxLength={20_000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button
          disabled={text.trim() === "" || text.trim() === opinion.text}
          loading={isPending}
          onClick={() => onStep({ step: "opinion", specialty: opinion.specialty, text: text.trim() })}
        >
          {t(opinion.given_at === null ? "panel.give" : "panel.change")}
        </Button>
      </Group>
    </Stack>
  );
}

function State({ opinion, panel }: Pick<RowProps, "opinion" | "panel">) {
  const { t } = useTranslation("opinion");
  if (opinion.given_at === null) return <Tag tone="amber" icon={IconClock}>{t("panel.waits")}</Tag>;
  if (opinion.agrees === true) return <Tag tone="moss" icon={IconCheck}>{t("panel.agrees")}</Tag>;
  if (opinion.agrees === false) return <Tag tone="signal" icon={IconX}>{t("panel.dissents")}</Tag>;
  if (!panel.is_open) return <Tag tone="neutral" icon={IconLock}>{t("panel.sealed")}</Tag>;
  return <Tag tone="petrol" icon={IconCheck}>{t("panel.given")}</Tag>;
}

/** The opinion of one discipline, as far as it may be read, and what its owner may still say. */
export function OpinionRow({ opinion, panel, isPending, onStep }: RowProps) {
  const { t } = useTranslation("opinion");
  const language = useLanguage();
  const who = opinion.author ?? opinion.named;
  const mayWrite = panel.may_give && opinion.is_own && (opinion.given_at === null || !panel.is_open);
  const mayAnswer =
    panel.may_give && opinion.is_own && !panel.is_chair && panel.joint_draft !== null && opinion.given_at !== null;
  return (
    <li className={classes.opinion}>
      <div className={classes.head}>
        <strong>{t(`common:specialty.${opinion.specialty}`, { defaultValue: opinion.specialty })}</strong>
        <span className={classes.muted}>
          {who === null ? t("panel.anyone") : `${who.display_name} · ${institutionName(who.institution, language)}`}
        </span>
        <span className={classes.state}>
          <State opinion={opinion} panel={panel} />
        </span>
      </div>
      {mayWrite ? (
        <OwnText opinion={opinion} isPending={isPending} onStep={onStep} />
      ) : (
        opinion.given_at !== null && <p className={classes.text}>{opinion.text ?? t("panel.notYet")}</p>
      )}
      {opinion.agrees === false && (
        <div className={classes.dissent}>
          <div className={classes.label}>{t("panel.dissents")}</div>
          <p className={classes.text}>{opinion.dissent}</p>
        </div>
      )}
      {mayAnswer && (
        <Answer key={`${panel.joint_draft}`} opinion={opinion} isPending={isPending} onStep={onStep} />
      )}
    </li>
  );
}
