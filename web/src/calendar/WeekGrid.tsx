import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Calendar, CalendarEntry } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatPersonName } from "../ui/format";
import classes from "./calendar.module.css";
import { byDay, clockText, dayText, minuteOf, timeOf, type Day } from "./time";

const HOUR_PX = 46;
const USUAL = { from: 8, to: 18 };

/** The hours to show: the usual ones, and all in which something is. */
function shownHours(calendar: Calendar, zone: string): { from: number; to: number } {
  const all = [...calendar.entries, ...calendar.free];
  const begins = all.map(({ starts_at }) => Math.floor(minuteOf(starts_at, zone) / 60));
  const ends = all.map(({ starts_at, ends_at }) => {
    const length = (new Date(ends_at).getTime() - new Date(starts_at).getTime()) / 60_000;
    return Math.min(24, Math.ceil((minuteOf(starts_at, zone) + length) / 60));
  });
  return { from: Math.min(USUAL.from, ...begins), to: Math.max(USUAL.to, ...ends) };
}

export interface WeekProps {
  calendar: Calendar;
  days: readonly Day[];
  today: Day;
  zone: string;
}

function Entry({ entry, zone }: { entry: CalendarEntry; zone: string }) {
  const { t } = useTranslation("consult");
  const language = useLanguage();
  return (
    <Link to={`/consults/${entry.consult_id}`} className={classes.entry} data-over={entry.status === "cancelled" || undefined}>
      <span className="tabular">{timeOf(entry.starts_at, zone)}</span> {formatPersonName(entry.patient.name, language)}
      <span className={classes.entryWho}>
        {entry.status === "scheduled" ? entry.with_whom.display_name : t(`status.${entry.status}`)}
      </span>
    </Link>
  );
}

/** A week as a grid of hours, for wide screens. */
export function WeekGrid({ calendar, days, today, zone }: WeekProps) {
  const language = useLanguage();
  const { from, to } = shownHours(calendar, zone);
  const entries = byDay(calendar.entries, zone);
  const free = byDay(calendar.free, zone);
  const place = ({ starts_at, ends_at }: { starts_at: string; ends_at: string }) => ({
    top: ((minuteOf(starts_at, zone) - from * 60) * HOUR_PX) / 60,
    height: ((new Date(ends_at).getTime() - new Date(starts_at).getTime()) / 3_600_000) * HOUR_PX - 2,
  });
  return (
    <div className={classes.week}>
      <div className={classes.hours} aria-hidden style={{ height: (to - from) * HOUR_PX }}>
        {Array.from({ length: to - from }, (_, hour) => (
          <span key={hour} style={{ top: hour * HOUR_PX }}>
            {clockText((from + hour) * 60)}
          </span>
        ))}
      </div>
      {days.map((day) => (
        <section key={day} aria-label={dayText(day, language)} className={classes.day}>
          <h2 className={classes.dayName} data-today={day === today || undefined}>
            {dayText(day, language)}
          </h2>
          <div className={classes.dayHours} style={{ height: (to - from) * HOUR_PX, backgroundSize: `100% ${HOUR_PX}px` }}>
            {free.get(day)?.map((slot) => (
              <div key={slot.starts_at} className={classes.free} style={place(slot)} />
            ))}
            {entries.get(day)?.map((entry) => (
              <div key={entry.consult_id} className={classes.placed} style={place(entry)}>
                <Entry entry={entry} zone={zone} />
              </div>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

/** The same week as a list of days, for phones. */
export function WeekList({ calendar, days, today, zone }: WeekProps) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  const entries = byDay(calendar.entries, zone);
  const free = byDay(calendar.free, zone);
  return (
    <div className={classes.list}>
      {days.map((day) => (
        <section key={day} aria-label={dayText(day, language)} className={classes.listDay}>
          <h2 className={classes.dayName} data-today={day === today || undefined}>
            {dayText(day, language)}
          </h2>
          {entries.get(day)?.map((entry) => <Entry key={entry.consult_id} entry={entry} zone={zone} />)}
          {free.has(day) && <span className={classes.muted}>{t("freeSlots", { count: free.get(day)?.length ?? 0 })}</span>}
          {!entries.has(day) && !free.has(day) && <span className={classes.muted}>{t("nothing")}</span>}
        </section>
      ))}
    </div>
  );
}
