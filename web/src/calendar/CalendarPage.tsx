import { Button, Group } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight, IconClockEdit } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useCalendar, useClockAheadMs } from "../api/calendarHooks";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { ErrorState, LoadingState } from "../ui/states";
import { useNow } from "../ui/useNow";
import classes from "./calendar.module.css";
import { ClockNote } from "./ClockNote";
import { FeedPanel } from "./FeedPanel";
import { HoursDialog } from "./HoursDialog";
import { addDays, dayOf, mondayOf, ownZone, startOf } from "./time";
import { WeekGrid, WeekList } from "./WeekGrid";

/** One's own appointments and hours, a week at a time. */
export function CalendarPage() {
  const { t } = useTranslation("calendar");
  const zone = ownZone();
  const ahead = useClockAheadMs();
  const now = useNow();
  const today = dayOf(new Date(now.getTime() + ahead), zone);
  const [week, setWeek] = useState(0);
  const [editing, edit] = useDisclosure(false);
  const narrow = useMediaQuery("(max-width: 860px)", false, { getInitialValueInEffect: false });
  const monday = addDays(mondayOf(today), week * 7);
  const days = Array.from({ length: 7 }, (_, n) => addDays(monday, n));
  const calendar = useCalendar(startOf(monday), startOf(addDays(monday, 7)));
  const Week = narrow ? WeekList : WeekGrid;
  return (
    <>
      <PageHead
        title={t("title")}
        lead={t("lead", { zone })}
        actions={
          calendar.data && (
            <Button leftSection={<IconClockEdit size={16} />} onClick={edit.open}>
              {t(calendar.data.is_bookable ? "hours.edit" : "hours.editReminders")}
            </Button>
          )
        }
      />
      <div className={classes.stack}>
        <ClockNote />
        {calendar.data?.is_bookable && calendar.data.availability.version === 0 && (
          <Note tone="petrol" title={t("hours.none")}>
            {t("hours.noneText")}
          </Note>
        )}
        <Panel
          flush
          title={`${days[0] ?? ""} – ${days[6]?.slice(5) ?? ""}`}
          actions={
            <Group gap={4}>
              <Button size="xs" variant="subtle" leftSection={<IconChevronLeft size={16} />} onClick={() => setWeek(week - 1)}>
                {t("earlier")}
              </Button>
              <Button size="xs" variant="default" disabled={week === 0} onClick={() => setWeek(0)}>
                {t("thisWeek")}
              </Button>
              <Button size="xs" variant="subtle" rightSection={<IconChevronRight size={16} />} onClick={() => setWeek(week + 1)}>
                {t("later")}
              </Button>
            </Group>
          }
        >
          {calendar.isPending && <LoadingState rows={8} />}
          {calendar.isError && <ErrorState error={calendar.error} onRetry={() => void calendar.refetch()} />}
          {calendar.isSuccess && (
            <>
              {calendar.data.entries.length === 0 && <p className={classes.empty}>{t("empty")}</p>}
              <Week calendar={calendar.data} days={days} today={today} zone={zone} />
            </>
          )}
        </Panel>
        {calendar.isSuccess && <FeedPanel madeAt={calendar.data.feed_made_at} />}
      </div>
      {calendar.isSuccess && (
        <HoursDialog
          opened={editing}
          onClose={edit.close}
          availability={calendar.data.availability}
          isBookable={calendar.data.is_bookable}
        />
      )}
    </>
  );
}
