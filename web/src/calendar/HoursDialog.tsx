import { ActionIcon, Button, Checkbox, Group, Modal, NativeSelect, Select, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useSaveAvailability } from "../api/calendarHooks";
import type { Availability } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./calendar.module.css";
import { availabilityFrom, draftOf, USUAL_HOURS, type DayRow, type HoursDraft, type HoursRow } from "./hours";
import { ownZone, weekdayText } from "./time";

const SLOT_MINUTES = [15, 20, 30, 45, 60];
const REMINDERS_MIN = [1440, 60, 15, 5];
const ROWS_AT_MOST = 6;

const replaced = <T,>(all: readonly T[], index: number, by: T) => all.map((one, n) => (n === index ? by : one));
const without = <T,>(all: readonly T[], index: number) => all.filter((_, n) => n !== index);

function Rows({ rows, name, onChange }: { rows: readonly HoursRow[]; name: string; onChange: (rows: HoursRow[]) => void }) {
  const { t } = useTranslation("calendar");
  return (
    <div className={classes.rows}>
      {rows.map((row, index) => (
        <span key={index} className={classes.row}>
          <TextInput
            type="time"
            step={300}
            aria-label={t("hours.begins", { name })}
            value={row.begins}
            onChange={(event) => onChange(replaced(rows, index, { ...row, begins: event.currentTarget.value }))}
          />
          –
          <TextInput
            type="time"
            step={300}
            aria-label={t("hours.ends", { name })}
            value={row.ends}
            onChange={(event) => onChange(replaced(rows, index, { ...row, ends: event.currentTarget.value }))}
          />
          <ActionIcon color="gray" aria-label={t("hours.remove", { name })} onClick={() => onChange(without(rows, index))}>
            <IconTrash size={16} />
          </ActionIcon>
        </span>
      ))}
      {rows.length < ROWS_AT_MOST && (
        <ActionIcon
          variant="default"
          aria-label={t("hours.add", { name })}
          onClick={() => onChange([...rows, rows.length === 0 ? USUAL_HOURS : { begins: "14:00", ends: "17:00" }])}
        >
          <IconPlus size={16} />
        </ActionIcon>
      )}
    </div>
  );
}

function Days({ days, onChange }: { days: readonly DayRow[]; onChange: (days: DayRow[]) => void }) {
  const { t } = useTranslation("calendar");
  return (
    <fieldset className={classes.fieldset}>
      <legend>{t("hours.days")}</legend>
      {days.map((one, index) => (
        <div key={index} className={classes.weekday}>
          <TextInput
            type="date"
            aria-label={t("hours.day")}
            value={one.day}
            onChange={(event) => onChange(replaced(days, index, { ...one, day: event.currentTarget.value }))}
          />
          <div className={classes.rows}>
            <Checkbox
              label={t("hours.off")}
              checked={one.off}
              onChange={(event) =>
                onChange(replaced(days, index, { ...one, off: event.currentTarget.checked, rows: [USUAL_HOURS] }))
              }
            />
            {!one.off && (
              <Rows
                rows={one.rows}
                name={one.day}
                onChange={(rows) => onChange(replaced(days, index, { ...one, rows }))}
              />
            )}
            <ActionIcon color="gray" aria-label={t("hours.remove", { name: one.day })} onClick={() => onChange(without(days, index))}>
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        </div>
      ))}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...days, { day: "", off: true, rows: [] }])}
      >
        {t("hours.addDay")}
      </Button>
    </fieldset>
  );
}

interface FormProps {
  availability: Availability;
  isBookable: boolean;
  onDone: () => void;
}

function Form({ availability, isBookable, onDone }: FormProps) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  const say = useProblemText();
  const save = useSaveAvailability();
  const [draft, setDraft] = useState<HoursDraft>(() => {
    const known = draftOf(availability);
    return availability.version === 0 ? { ...known, time_zone: ownZone() } : known;
  });
  const change = (part: Partial<HoursDraft>) => setDraft((current) => ({ ...current, ...part }));
  const request = availabilityFrom(draft, availability.version);
  const zones = [...new Set([ownZone(), draft.time_zone, ...Intl.supportedValuesOf("timeZone")])];

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (request === null) return;
    save.mutate(request, {
      onSuccess: () => {
        notifications.show({ color: "moss", message: t("hours.saved") });
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Group grow align="flex-start">
          <Select
            label={t("hours.zone")}
            searchable
            allowDeselect={false}
            limit={60}
            data={zones}
            value={draft.time_zone}
            onChange={(zone) => change({ time_zone: zone ?? draft.time_zone })}
          />
          {isBookable && (
            <NativeSelect
              label={t("hours.slot")}
              value={draft.slot_minutes}
              onChange={(event) => change({ slot_minutes: Number(event.currentTarget.value) })}
              data={[...new Set([...SLOT_MINUTES, draft.slot_minutes])].map((minutes) => ({
                value: String(minutes),
                label: t("hours.minutes", { count: minutes }),
              }))}
            />
          )}
        </Group>
        {isBookable && (
          <>
            <fieldset className={classes.fieldset}>
              <legend>{t("hours.weekly")}</legend>
              {draft.weekly.map((rows, index) => (
                <div key={index} className={classes.weekday}>
                  <span>{weekdayText(index + 1, language)}</span>
                  <Rows
                    rows={rows}
                    name={weekdayText(index + 1, language)}
                    onChange={(changed) => change({ weekly: replaced(draft.weekly, index, changed) })}
                  />
                </div>
              ))}
            </fieldset>
            <Days days={draft.days} onChange={(days) => change({ days })} />
          </>
        )}
        <Checkbox.Group
          label={t("hours.reminders")}
          value={draft.reminders_min.map(String)}
          onChange={(chosen) => change({ reminders_min: chosen.map(Number) })}
        >
          <Group mt={6}>
            {REMINDERS_MIN.map((minutes) => (
              <Checkbox key={minutes} value={String(minutes)} label={t(`hours.before.${minutes}`)} />
            ))}
          </Group>
        </Checkbox.Group>
        {request === null && <Note tone="amber">{t("hours.wrong")}</Note>}
        {save.isError && (
          <Note tone="signal" alert>
            {say(save.error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={request === null} loading={save.isPending}>
            {t("hours.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** When one can be booked, in which time zone, and when one wants to be reminded. */
export function HoursDialog({ opened, onClose, ...rest }: Omit<FormProps, "onDone"> & { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("calendar");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t(rest.isBookable ? "hours.edit" : "hours.editReminders")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form key={rest.availability.version} {...rest} onDone={onClose} />
    </Modal>
  );
}
