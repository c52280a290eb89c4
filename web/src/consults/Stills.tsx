import { Anchor, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconDownload, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { usePollMs } from "../api/events";
import { useDeleteStill, useStills } from "../api/stillHooks";
import type { Still } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Dialog } from "../ui/Dialog";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import classes from "./stills.module.css";

/** The still pictures that were taken in this consult's room; nothing where there are none. */
export function Stills({ consultId }: { consultId: string }) {
  const { t } = useTranslation("still");
  const stills = useStills(consultId, usePollMs()).data ?? [];
  const [openedId, setOpened] = useState<string | null>(null);
  if (stills.length === 0) return null;
  const opened = stills.find(({ id, deleted_at: deletedAt }) => id === openedId && deletedAt === null);
  return (
    <Panel title={t("list")}>
      <ul className={classes.stills}>
        {stills
          .filter((still) => still.deleted_at === null)
          .map((still) => (
            <li key={still.id}>
              <Small consultId={consultId} still={still} onOpen={() => setOpened(still.id)} />
            </li>
          ))}
      </ul>
      {stills
        .filter((still) => still.deleted_at !== null)
        .map(({ id, number, deleted_by: by, deletion_reason: reason }) => (
          <p key={id} className={classes.deleted}>
            {t("deleted", { number, name: by?.display_name ?? "—", reason: reason ?? "" })}
          </p>
        ))}
      {opened && <Large key={opened.id} consultId={consultId} still={opened} onClose={() => setOpened(null)} />}
    </Panel>
  );
}

function useWords(still: Still) {
  const { t } = useTranslation("still");
  const language = useLanguage();
  const of = t(still.source === "screen" ? "ofScreen" : "ofCamera", { name: still.camera_of.display_name });
  const place = [
    still.laterality !== null && t(`sides.${still.laterality}`),
    still.body_site !== null && t(`sites.${still.body_site}`),
  ].filter(Boolean);
  return {
    name: still.title === "" ? t("number", { number: still.number }) : still.title,
    facts: [place.join(" "), of].filter(Boolean).join(" · "),
    when: [
      formatInstant(still.taken_at, new Date(), language),
      t("takenBy", { name: still.taken_by.display_name }),
    ].join(" · "),
  };
}

function Small({ consultId, still, onOpen }: { consultId: string; still: Still; onOpen: () => void }) {
  const { t } = useTranslation("still");
  const { name, facts, when } = useWords(still);
  return (
    <button type="button" className={classes.still} aria-label={t("open", { name })} data-still-id={still.id} onClick={onOpen}>
      <img className={classes.thumbnail} src={addresses.stillThumbnail(consultId, still.id)} alt="" loading="lazy" />
      <span className={classes.name}>{name}</span>
      <span className={classes.fact}>{facts}</span>
      <span className={`${classes.fact} tabular`}>{when}</span>
    </button>
  );
}

function Large({ consultId, still, onClose }: { consultId: string; still: Still; onClose: () => void }) {
  const { t } = useTranslation("still");
  const { name, facts, when } = useWords(still);
  const [isDeleting, setDeleting] = useState(false);
  const picture = addresses.still(consultId, still.id);
  return (
    <Dialog onClose={onClose} size="auto" title={name}>
      <Stack gap="sm">
        <img className={classes.large} src={picture} alt={name} data-testid="large-still" width={still.width} height={still.height} />
        <div>
          <Text size="sm">{facts}</Text>
          <Text size="sm" c="dimmed" className="tabular">
            {[when, t("size", still), t(still.is_archived ? "archived" : "onItsWay")].join(" · ")}
          </Text>
        </div>
        {isDeleting ? (
          <Deletion consultId={consultId} still={still} onCancel={() => setDeleting(false)} onDone={onClose} />
        ) : (
          <Group justify="space-between">
            <Anchor size="sm" href={picture} download>
              <IconDownload size={15} aria-hidden /> {t("download")}
            </Anchor>
            {still.may_delete && (
              <Button
                size="xs"
                variant="subtle"
                color="signal"
                leftSection={<IconTrash size={15} aria-hidden />}
                onClick={() => setDeleting(true)}
              >
                {t("delete")}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Dialog>
  );
}

interface DeletionProps {
  consultId: string;
  still: Still;
  onCancel: () => void;
  onDone: () => void;
}

function Deletion({ consultId, still, onCancel, onDone }: DeletionProps) {
  const { t } = useTranslation("still");
  const { t: common } = useTranslation();
  const say = useProblemText();
  const remove = useDeleteStill(consultId);
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate({ id: still.id, reason: reason.trim() }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">
          <strong>{t("deleteTitle")}</strong> {t("deleteText")}
        </Text>
        <Textarea
          label={t("reason")}
          autosize
          minRows={2}
          maxLength={500}
          required
          autoFocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {remove.isError && <Note tone="signal">{say(remove.error)}</Note>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {common("cancel")}
          </Button>
          <Button type="submit" color="signal" disabled={reason.trim() === ""} loading={remove.isPending}>
            {t("delete")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
