import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useClockAheadMs } from "../api/calendarHooks";
import { useEndAccess, useOwnAccesses } from "../api/emergencyHooks";
import { useMe } from "../api/hooks";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { useNow } from "../ui/useNow";
import { isClinician } from "../worklist/sections";
import classes from "./emergency.module.css";

/** On every page while the user has a case open in an emergency: until when, and a way to end it. */
export function OpenAccesses() {
  const { t } = useTranslation("emergency");
  const language = useLanguage();
  const me = useMe().data;
  const client = useQueryClient();
  const ahead = useClockAheadMs();
  const now = useNow().getTime() + ahead;
  const end = useEndAccess();
  const own = useOwnAccesses(me != null && isClinician(me)).data?.open ?? [];
  const open = own.filter(({ expires_at: until }) => new Date(until).getTime() > now);
  const isOver = open.length < own.length;
  useEffect(() => {
    // What is on the screen was for that time: it is asked for anew, and is no longer given.
    if (isOver) void client.invalidateQueries();
  }, [isOver, now, client]);
  if (open.length === 0) return null;
  return (
    <div className={classes.open}>
      {open.map((one) => (
        <Note key={one.id} tone="amber">
          <div className={classes.line}>
            <span>{t("open.text", { until: formatInstant(one.expires_at, new Date(now), language) })}</span>
            <span className={classes.deeds}>
              <Button size="xs" variant="default" component={Link} to={`/consults/${one.consult_id}`}>
                {t("open.consult")}
              </Button>
              <Button size="xs" loading={end.isPending && end.variables === one.id} onClick={() => end.mutate(one.id)}>
                {t("open.end")}
              </Button>
            </span>
          </div>
        </Note>
      ))}
    </div>
  );
}
