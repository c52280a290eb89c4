import { IconBellOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMarkRead } from "../api/notificationHooks";
import type { Notification } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Ago } from "../ui/Ago";
import { EmptyState } from "../ui/states";
import { toneStyle } from "../ui/Tag";
import { TOPIC } from "./topics";
import classes from "./notifications.module.css";

function Line({ told }: { told: Notification }) {
  const { t } = useTranslation("notification");
  const language = useLanguage();
  const { icon: Symbol, tone } = TOPIC[told.topic];
  return (
    <>
      <Symbol size={18} className={classes.symbol} style={toneStyle(tone)} aria-hidden />
      <span className={classes.said}>
        {!told.is_read && <span className={classes.hidden}>{t("unread")}: </span>}
        {inLanguage(told.sentence, language)}
        <span className={classes.meta}>
          {t(`topic.${told.topic}`)} · <Ago since={told.created_at} past />
        </span>
      </span>
      {!told.is_read && <span className={classes.dot} aria-hidden />}
    </>
  );
}

const leadsTo = (one: Notification) => (one.consult_id === null ? one.page : `/consults/${one.consult_id}`);

/** What the user was told, the newest first; one that still leads somewhere is a link. */
export function NotificationList({ told, onOpen }: { told: readonly Notification[]; onOpen?: () => void }) {
  const { t } = useTranslation("notification");
  const markRead = useMarkRead();
  if (told.length === 0) return <EmptyState icon={IconBellOff} title={t("empty")} text={t("emptyText")} />;
  const open = (one: Notification) => {
    if (!one.is_read) markRead.mutate([one.id]);
    onOpen?.();
  };
  return (
    <ul className={classes.list}>
      {told.map((one) => {
        const to = leadsTo(one);
        return (
          <li key={one.id} data-unread={!one.is_read || undefined}>
            {to === null ? (
              <div className={classes.line}>
                <Line told={one} />
              </div>
            ) : (
              <Link to={to} className={classes.line} onClick={() => open(one)}>
                <Line told={one} />
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}
