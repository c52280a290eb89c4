import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useClockAheadMs, useReminders, useSeeReminder } from "../api/calendarHooks";
import { usePollMs } from "../api/events";
import type { CalendarEntry } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatPersonName } from "../ui/format";
import { Note } from "../ui/Note";
import { useNow } from "../ui/useNow";
import classes from "./calendar.module.css";
import { dayOf, dayText, ownZone, timeOf } from "./time";

function Reminder({ entry, now }: { entry: CalendarEntry; now: number }) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  const see = useSeeReminder();
  const zone = ownZone();
  const minutes = Math.round((new Date(entry.starts_at).getTime() - now) / 60_000);
  const when = `${dayText(dayOf(entry.starts_at, zone), language)} ${timeOf(entry.starts_at, zone)}`;
  return (
    <Note tone="petrol" alert>
      <div className={classes.reminder}>
        <span>
          {/* Or all of it would be read out again each minute. */}
          <span aria-live="off">
            {minutes > 90 ? when : minutes > 0 ? t("reminder.in", { count: minutes, when }) : t("reminder.now", { when })}
          </span>
          {" · "}
          {formatPersonName(entry.patient.name, language)} · {entry.with_whom.display_name}
        </span>
        <span className={classes.reminderDeeds}>
          <Button size="xs" component={Link} to={`/consults/${entry.consult_id}`}>
            {t("reminder.open")}
          </Button>
          <Button size="xs" variant="default" loading={see.isPending} onClick={() => see.mutate(entry.consult_id)}>
            {t("reminder.known")}
          </Button>
        </span>
      </div>
    </Note>
  );
}

/** What the user wanted to be reminded of, until they say that they know. */
export function Reminders() {
  const reminders = useReminders(usePollMs());
  const ahead = useClockAheadMs();
  const now = useNow().getTime() + ahead;
  if (!reminders.data?.length) return null;
  return (
    <div className={classes.reminders}>
      {reminders.data.map((entry) => (
        <Reminder key={entry.consult_id} entry={entry} now={now} />
      ))}
    </div>
  );
}
