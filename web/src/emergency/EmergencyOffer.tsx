import { Button, Group, Radio, Stack, Text, Textarea } from "@mantine/core";
import { IconUrgent } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useOpenInEmergency, useOwnAccesses, type EmergencyKind } from "../api/emergencyHooks";
import { useMe } from "../api/hooks";
import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { isClinician } from "../worklist/sections";
import classes from "./emergency.module.css";

const KINDS: readonly EmergencyKind[] = ["emergency", "on-call", "other"];

type Named = { consult_id: string } | { study_instance_uid: string };

interface AskProps {
  named: Named;
  minutes: number;
  fewestLetters: number;
  onClose: () => void;
}

function Ask({ named, minutes, fewestLetters, onClose }: AskProps) {
  const { t } = useTranslation("emergency");
  const say = useProblemText();
  const open = useOpenInEmergency();
  const [kind, setKind] = useState<EmergencyKind | null>(null);
  const [reason, setReason] = useState("");
  const isGiven = kind !== null && reason.trim().length >= fewestLetters;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isGiven) open.mutate({ ...named, kind, reason: reason.trim() });
  };
  // Whether there is anything to open is not told to who may not open it.
  const isAway = open.error instanceof ApiError && open.error.status === 404;
  return (
    <Dialog onClose={onClose} title={t("offer.title")}>
      <form onSubmit={submit}>
        <Stack>
          <Note tone="amber">{t("offer.warning", { minutes })}</Note>
          <Radio.Group
            label={t("offer.kind")}
            required
            value={kind}
            onChange={(value) => setKind(KINDS.find((one) => one === value) ?? null)}
          >
            <Stack gap={6} mt={6}>
              {KINDS.map((one) => (
                <Radio key={one} value={one} label={t(`kind.${one}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <Textarea
            label={t("offer.reason")}
            description={t("offer.reasonHint", { letters: fewestLetters })}
            required
            autosize
            minRows={2}
            maxLength={1000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {open.isError && (
            <Note tone="signal" alert>
              {isAway ? t("offer.none") : say(open.error)}
            </Note>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" color="signal" disabled={!isGiven} loading={open.isPending}>
              {t("offer.open")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** Under "not found", for clinicians, whatever was asked for: that it is offered tells nothing. */
export function EmergencyOffer({ error, named }: { error: unknown; named: Named }) {
  const { t } = useTranslation("emergency");
  const me = useMe().data;
  const [isAsking, setAsking] = useState(false);
  const isOffered = error instanceof ApiError && error.status === 404 && me != null && isClinician(me);
  const own = useOwnAccesses(isOffered).data;
  if (!isOffered || own === undefined) return null;
  return (
    <div className={classes.offer}>
      <Text size="sm">{t("offer.lead")}</Text>
      <Button variant="default" leftSection={<IconUrgent size={16} />} onClick={() => setAsking(true)}>
        {t("offer.button")}
      </Button>
      {isAsking && (
        <Ask named={named} minutes={own.minutes} fewestLetters={own.fewest_letters} onClose={() => setAsking(false)} />
      )}
    </div>
  );
}
