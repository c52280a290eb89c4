import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import {
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconEye,
  IconHourglass,
  IconLink,
  IconLock,
  IconUserCheck,
  IconVideo,
} from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useMakePatientLink, usePatientLinks, useRevokePatientLink, type LinkState, type NewPatientLink, type PatientLink } from "../api/patientLinkHooks";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { Tag, type TagProps } from "../ui/Tag";
import classes from "./links.module.css";
import { MadeLinkDialog } from "./MadeLinkDialog";

const LOOKS: Readonly<Record<LinkState, Pick<TagProps, "tone" | "icon">>> = {
  "not-opened": { tone: "neutral", icon: IconClock },
  opened: { tone: "petrol", icon: IconEye },
  identified: { tone: "petrol", icon: IconUserCheck },
  consented: { tone: "moss", icon: IconCircleCheck },
  waiting: { tone: "amber", icon: IconHourglass },
  "in-call": { tone: "moss", icon: IconVideo },
  blocked: { tone: "signal", icon: IconLock },
  revoked: { tone: "neutral", icon: IconCircleX },
  expired: { tone: "neutral", icon: IconClock },
};
const OVER: ReadonlySet<LinkState> = new Set<LinkState>(["blocked", "revoked", "expired"]);
const KINDS: readonly NewPatientLink["kind"][] = ["patient", "companion", "interpreter"];
const HOURS = [2, 24, 72, 168] as const;

/** The links by which the patient, and who comes along, take part: made, followed, taken back. */
export function PatientLinks({ consultId }: { consultId: string }) {
  const { t } = useTranslation("patientLink");
  const query = usePatientLinks(consultId);
  const make = useMakePatientLink(consultId);
  const [isAsking, setAsking] = useState(false);
  if (!query.isSuccess) return null;
  const { links, may_make: mayMake } = query.data;
  if (links.length === 0 && !mayMake) return null;
  return (
    <Panel title={t("title")}>
      <div className={classes.list}>
        {links.length === 0 && <div className={classes.muted}>{t("lead")}</div>}
        <ul className={classes.list}>
          {links.map((link) => (
            <One key={link.id} consultId={consultId} link={link} />
          ))}
        </ul>
        {mayMake && (
          <Button
            size="xs"
            variant="default"
            w="fit-content"
            leftSection={<IconLink size={15} aria-hidden />}
            onClick={() => {
              make.reset();
              setAsking(true);
            }}
          >
            {t("make")}
          </Button>
        )}
      </div>
      <Modal
        opened={isAsking && make.data === undefined}
        onClose={() => setAsking(false)}
        title={t("make")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <NewLink make={make} onClose={() => setAsking(false)} />
      </Modal>
      <MadeLinkDialog
        made={isAsking ? (make.data ?? null) : null}
        onClose={() => {
          setAsking(false);
          make.reset();
        }}
      />
    </Panel>
  );
}

function One({ consultId, link }: { consultId: string; link: PatientLink }) {
  const { t } = useTranslation("patientLink");
  const language = useLanguage();
  const say = useProblemText();
  const revoke = useRevokePatientLink(consultId);
  const isOver = OVER.has(link.state);
  return (
    <li className={classes.one} data-link-state={link.state}>
      <div className={classes.head}>
        <strong>
          {link.name} · {t(`kind.${link.kind}`)}
        </strong>
        <span role="status">
          <Tag {...LOOKS[link.state]} plain>
            {t(`state.${link.state}`)}
          </Tag>
        </span>
      </div>
      {!isOver && (
        <div className={classes.head}>
          <span className={`${classes.muted} tabular`}>
            {t("until", { when: formatInstant(link.expires_at, new Date(), language) })}
          </span>
          <Button
            size="compact-xs"
            variant="subtle"
            color="signal"
            aria-label={t("revokeOf", { name: link.name })}
            loading={revoke.isPending}
            onClick={() => revoke.mutate(link.id)}
          >
            {t("revoke")}
          </Button>
        </div>
      )}
      {revoke.isError && <Note tone="signal">{say(revoke.error)}</Note>}
    </li>
  );
}

function NewLink({ make, onClose }: { make: ReturnType<typeof useMakePatientLink>; onClose: () => void }) {
  const { t } = useTranslation("patientLink");
  const say = useProblemText();
  const [kind, setKind] = useState<NewPatientLink["kind"]>("patient");
  const [name, setName] = useState("");
  const [hours, setHours] = useState<number>(24);
  const isNamed = kind === "patient" || name.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isNamed) make.mutate({ kind, hours, ...(kind === "patient" ? {} : { name: name.trim() }) });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t("lead")}</Text>
        <NativeSelect
          label={t("forWhom")}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as NewPatientLink["kind"])}
          data={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
        />
        {kind !== "patient" && (
          <TextInput
            label={t("name")}
            description={t("nameHint")}
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <NativeSelect
          label={t("validFor")}
          value={String(hours)}
          onChange={(event) => setHours(Number(event.currentTarget.value))}
          data={HOURS.map((value) => ({ value: String(value), label: t(`hours.${value}`) }))}
        />
        {make.isError && (
          <Note tone="signal" alert>
            {say(make.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" loading={make.isPending} disabled={!isNamed}>
            {t("makeNow")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
