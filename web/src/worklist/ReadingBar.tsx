import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBook2, IconCircleCheck } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "../api/hooks";
import type { Person, StudySummary } from "../api/types";
import { leaveStudy, useOpening, useTakeOver } from "../api/worklistHooks";
import { useLanguage } from "../app/i18n";
import { formatInstant, formatPersonName } from "../ui/format";
import { useProblemText } from "../ui/problem";
import { useNow } from "../ui/useNow";
import { StudyMenu } from "./StudyMenu";
import { useReadingSteps } from "./useReadingSteps";
import classes from "./worklist.module.css";

function TakeOver({ uid, from, onClose }: { uid: string; from: Person; onClose: () => void }) {
  const { t } = useTranslation("worklist");
  const takeOver = useTakeOver(uid);
  const say = useProblemText();
  const [reason, setReason] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        takeOver.mutate(reason.trim(), { onSuccess: onClose });
      }}
    >
      <Stack>
        <Text size="sm">{t("reading.takeOverText", { name: from.display_name })}</Text>
        <Textarea
          label={t("reading.reason")}
          autosize
          minRows={2}
          maxLength={500}
          required
          data-autofocus
          value={reason}
          error={takeOver.isError ? say(takeOver.error) : null}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={reason.trim() === ""} loading={takeOver.isPending}>
            {t("reading.takeOver")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Says who has the study open besides, and lets the reader mark it as read, take it or give it away. */
export function ReadingBar({ study }: { study: StudySummary }) {
  const uid = study.study_instance_uid;
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const now = useNow();
  const me = useMe().data;
  const reading = useOpening(uid).data;
  const [asking, dialog] = useDisclosure(false);
  useEffect(() => {
    const leave = () => leaveStudy(uid);
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [uid]);
  if (!me || reading === undefined) return null;
  const other = reading.opened_by !== null && reading.opened_by.id !== me.id ? reading.opened_by : null;
  if (other === null) return null;
  return (
    <div role="status" className={classes.reading}>
      <IconBook2 size={17} aria-hidden />
      <span>
        {t("reading.openSince", {
          name: other.display_name,
          time: formatInstant(reading.opened_at ?? "", now, language),
        })}{" "}
        {t("reading.along")}
      </span>
      <Button size="compact-xs" variant="default" onClick={dialog.open}>
        {t("reading.takeOver")}
      </Button>
      <Modal
        opened={asking}
        onClose={dialog.close}
        title={t("reading.takeOverTitle", { name: other.display_name })}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {asking && <TakeOver uid={uid} from={other} onClose={dialog.close} />}
      </Modal>
    </div>
  );
}

/** In the banner of an open study of the own institution: read or not, and whose it is. */
export function ReadingButtons({ study }: { study: StudySummary }) {
  const uid = study.study_instance_uid;
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const me = useMe().data;
  const reading = useOpening(uid).data;
  const steps = useReadingSteps(uid, reading ?? null);
  if (!me || reading?.is_own !== true) return null;
  const isRead = reading.read_at !== null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconCircleCheck size={15} />}
        loading={steps.isPending}
        onClick={() => steps.mark(!isRead)}
      >
        {t(isRead ? "reading.markUnread" : "reading.markRead")}
      </Button>
      <StudyMenu uid={uid} name={formatPersonName(study.patient.name, language)} reading={reading} me={me} isOpen />
    </>
  );
}
