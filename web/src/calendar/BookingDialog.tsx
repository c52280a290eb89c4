import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCalendarOff, IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useBookAppointment, useSlots } from "../api/calendarHooks";
import { useMe } from "../api/hooks";
import type { Consult } from "../api/types";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import classes from "./calendar.module.css";
import { ClockNote } from "./ClockNote";
import { SlotChoice } from "./SlotChoice";
import { addDays, dayOf, ownZone, startOf } from "./time";

const DAYS_SHOWN = 7;

function Form({ consult, onDone }: { consult: Consult; onDone: () => void }) {
  const { t } = useTranslation("calendar");
  const say = useProblemText();
  const me = useMe().data;
  const zone = ownZone();
  const [week, setWeek] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [other, setOther] = useState("");
  const [reason, setReason] = useState("");
  const [today] = useState(() => dayOf(new Date(), zone));
  const first = addDays(today, week * DAYS_SHOWN);
  const slots = useSlots(consult.id, startOf(first), startOf(addDays(first, DAYS_SHOWN)));
  const book = useBookAppointment(consult.id);
  const moving = consult.status === "scheduled";
  const isSpecialist = me?.id === consult.specialist?.id;
  const startsAt = other !== "" ? new Date(other).toISOString() : chosen;
  const missing = startsAt === null || (moving && reason.trim() === "");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (startsAt === null || missing) return;
    book.mutate(
      {
        starts_at: startsAt,
        time_zone: zone,
        version: consult.version,
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      },
      {
        onSuccess: () => {
          notifications.show({ color: "moss", message: t(moving ? "booking.moved" : "booking.done") });
          onDone();
        },
        onError: () => setChosen(null),
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <ClockNote />
        <span className={classes.muted}>{t("booking.zone", { zone })}</span>
        <Group justify="space-between" wrap="nowrap">
          <Button
            variant="subtle"
            leftSection={<IconChevronLeft size={16} />}
            disabled={week === 0}
            onClick={() => setWeek(week - 1)}
          >
            {t("earlier")}
          </Button>
          <Button variant="subtle" rightSection={<IconChevronRight size={16} />} onClick={() => setWeek(week + 1)}>
            {t("later")}
          </Button>
        </Group>
        {slots.isPending && <LoadingState rows={5} />}
        {slots.isError && <ErrorState error={slots.error} onRetry={() => void slots.refetch()} />}
        {slots.isSuccess && slots.data.slots.length === 0 && (
          <EmptyState
            icon={IconCalendarOff}
            title={t(slots.data.has_hours ? "booking.noneFree" : "booking.noHours")}
            text={t(isSpecialist ? "booking.ownTime" : slots.data.has_hours ? "booking.otherWeek" : "booking.askHer")}
          />
        )}
        {slots.isSuccess && slots.data.slots.length > 0 && (
          <SlotChoice
            slots={slots.data}
            zone={zone}
            chosen={other === "" ? chosen : null}
            onChoose={(starts_at) => {
              setChosen(starts_at);
              setOther("");
            }}
          />
        )}
        {isSpecialist && (
          <TextInput
            type="datetime-local"
            step={300}
            label={t("booking.other")}
            description={t("booking.otherHint")}
            value={other}
            onChange={(event) => setOther(event.currentTarget.value)}
          />
        )}
        {moving && (
          <Textarea
            label={t("booking.reason")}
            required
            autosize
            minRows={2}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {book.isError && (
          <Note tone="signal" alert>
            {say(book.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={missing} loading={book.isPending}>
            {t(moving ? "consult:event.reschedule" : "consult:event.schedule")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Plans a consult for a free slot of its specialist, or moves it to another. */
export function BookingDialog({ consult, opened, onClose }: { consult: Consult; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("consult");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t(consult.status === "scheduled" ? "event.reschedule" : "event.schedule")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form consult={consult} onDone={onClose} />
    </Modal>
  );
}
