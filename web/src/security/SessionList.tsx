import { Button } from "@mantine/core";
import { IconDeviceLaptop } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useEndOtherSessions, useEndSession } from "../api/securityHooks";
import type { OpenSession } from "../api/types";
import { useLanguage } from "../app/i18n";
import { Ago } from "../ui/Ago";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { Tag } from "../ui/Tag";
import { deviceOf } from "./device";
import classes from "./security.module.css";

export function SessionList({ sessions }: { sessions: readonly OpenSession[] }) {
  const { t } = useTranslation("security");
  const language = useLanguage();
  const say = useProblemText();
  const end = useEndSession();
  const endOthers = useEndOtherSessions();
  const error = end.error ?? endOthers.error;
  return (
    <Panel
      flush
      title={t("sessions.title")}
      actions={
        sessions.length > 1 && (
          <Button size="xs" variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate(undefined)}>
            {t("sessions.endOthers")}
          </Button>
        )
      }
    >
      {error !== null && (
        <Note tone="signal" alert>
          {say(error)}
        </Note>
      )}
      <ul className={classes.rows}>
        {sessions.map((one) => {
          const known = deviceOf(one.agent);
          const device = known === null ? t("sessions.unknown") : t("sessions.on", known);
          return (
            <li key={one.id} className={classes.row}>
              <div className={classes.what}>
                <div className={classes.name}>
                  {device}
                  {one.is_this && (
                    <Tag tone="moss" icon={IconDeviceLaptop} plain>
                      {t("sessions.this")}
                    </Tag>
                  )}
                </div>
                <div className={`${classes.muted} tabular`}>
                  {one.address !== null && `${one.address} · `}
                  {t("sessions.since", { when: formatInstant(one.created_at, new Date(), language) })}
                  {one.last_seen_at !== null && (
                    <>
                      {" · "}
                      {t("sessions.seen")} <Ago since={one.last_seen_at} past />
                    </>
                  )}
                </div>
              </div>
              {!one.is_this && (
                <Button
                  size="xs"
                  variant="subtle"
                  color="signal"
                  aria-label={t("sessions.endNamed", { device })}
                  loading={end.isPending && end.variables === one.id}
                  onClick={() => end.mutate(one.id)}
                >
                  {t("sessions.end")}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
