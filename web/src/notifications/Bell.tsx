import { Button, Popover } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell, IconChecks } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { usePollMs } from "../api/events";
import { useMarkRead, useNotifications } from "../api/notificationHooks";
import frame from "../app/frame.module.css";
import { ErrorState, LoadingState } from "../ui/states";
import { NotificationList } from "./NotificationList";
import classes from "./notifications.module.css";

const MOST_SHOWN = 99;

/** In the header: how many notifications are unread, and the latest of them. */
export function Bell() {
  const { t } = useTranslation("notification");
  const [opened, popover] = useDisclosure(false);
  const known = useNotifications(usePollMs());
  const markRead = useMarkRead();
  const unread = known.data?.unread ?? 0;
  return (
    <Popover opened={opened} onChange={popover.toggle} position="bottom-end" width={400} withinPortal trapFocus>
      <Popover.Target>
        <button
          type="button"
          className={`${frame.tool} ${classes.bell}`}
          aria-label={unread > 0 ? t("bell", { count: unread }) : t("title")}
          aria-expanded={opened}
          onClick={popover.toggle}
        >
          <IconBell size={20} stroke={1.8} aria-hidden />
          {unread > 0 && (
            <span className={`${classes.count} tabular`} aria-hidden>
              {unread > MOST_SHOWN ? `${MOST_SHOWN}+` : unread}
            </span>
          )}
        </button>
      </Popover.Target>
      <Popover.Dropdown p={0} className={classes.dropdown} aria-label={t("title")}>
        <div className={classes.head}>
          <strong>{t("title")}</strong>
          {unread > 0 && (
            <Button
              size="compact-xs"
              variant="subtle"
              leftSection={<IconChecks size={14} />}
              loading={markRead.isPending}
              onClick={() => markRead.mutate(null)}
            >
              {t("markAll")}
            </Button>
          )}
        </div>
        <div className={classes.scroll}>
          {known.isPending && <LoadingState rows={3} />}
          {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
          {known.isSuccess && <NotificationList told={known.data.notifications} onOpen={popover.close} />}
        </div>
        <Link to="/notifications" className={classes.foot} onClick={popover.close}>
          {t("settings")}
        </Link>
      </Popover.Dropdown>
    </Popover>
  );
}
