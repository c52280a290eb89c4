import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Slots } from "../api/types";
import { useLanguage } from "../app/i18n";
import classes from "./calendar.module.css";
import { byDay, dayText, elsewhere, timeOf } from "./time";

export interface SlotChoiceProps {
  slots: Slots;
  zone: string;
  chosen: string | null;
  onChoose: (startsAt: string) => void;
}

/** The free slots by day, in the reader's own time; the specialist's below where her clock shows another. */
export function SlotChoice({ slots, zone, chosen, onChoose }: SlotChoiceProps) {
  const { t } = useTranslation("calendar");
  const language = useLanguage();
  return (
    <div className={classes.slotDays}>
      {[...byDay(slots.slots, zone)].map(([day, ofDay]) => (
        <section key={day} aria-label={dayText(day, language)}>
          <h3 className={classes.slotDay}>{dayText(day, language)}</h3>
          <div className={classes.slots}>
            {ofDay.map(({ starts_at }) => {
              const there = elsewhere(starts_at, slots.time_zone, zone);
              return (
                <Button
                  key={starts_at}
                  variant={starts_at === chosen ? "filled" : "default"}
                  aria-pressed={starts_at === chosen}
                  className={classes.slot ?? ""}
                  onClick={() => onChoose(starts_at)}
                >
                  <span className="tabular">{timeOf(starts_at, zone)}</span>
                  {there !== null && (
                    <span className={classes.slotThere}>{t("booking.there", { time: there })}</span>
                  )}
                </Button>
              );
            })}
          </div>
        </section>
      ))}
    </div>
  );
}
