import { IconCalendarDown } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import type { Consult } from "../api/types";
import { useLanguage } from "../app/i18n";
import classes from "./calendar.module.css";
import { dayOf, dayText, elsewhere, ownZone, timeOf } from "./time";

/** When a consult takes place: in the reader's own time, and in the other side's where it differs. */
export function AppointmentLine({ consult }: { consult: Consult }) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  const planned = consult.appointment;
  if (planned === null || consult.status !== "scheduled") return null;
  const zone = ownZone();
  const others = [
    ["specialistTime", elsewhere(planned.starts_at, planned.specialist_time_zone, zone)],
    ["invitingTime", elsewhere(planned.starts_at, planned.inviting_time_zone, zone)],
  ] as const;
  return (
    <div className={classes.planned}>
      <strong className="tabular">
        {dayText(dayOf(planned.starts_at, zone), language)} {timeOf(planned.starts_at, zone)}–
        {timeOf(planned.ends_at, zone)}
      </strong>
      {others.map(
        ([name, time]) =>
          time !== null && (
            <span key={name} className={classes.muted}>
              {t(name, { time })}
            </span>
          ),
      )}
      <a href={addresses.appointment(consult.id)} download className={classes.download}>
        <IconCalendarDown size={15} aria-hidden /> {t("toOwnCalendar")}
      </a>
    </div>
  );
}
