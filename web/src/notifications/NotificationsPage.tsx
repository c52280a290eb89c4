import { Button } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useMarkRead, useNotificationChoices, useNotifications } from "../api/notificationHooks";
import { Narrow } from "../ui/Narrow";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { ErrorState, LoadingState } from "../ui/states";
import { ChoicesForm } from "./ChoicesForm";
import { NotificationList } from "./NotificationList";
import classes from "./notifications.module.css";
import { PushDevices } from "./PushDevices";

/** What the user was told, and by which channels it comes. */
export function NotificationsPage() {
  const { t } = useTranslation("notification");
  const known = useNotifications(usePollMs());
  const choices = useNotificationChoices();
  const markRead = useMarkRead();
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      <div className={classes.stack}>
        <Panel
          flush
          title={t("latest")}
          actions={
            (known.data?.unread ?? 0) > 0 && (
              <Button
                size="compact-sm"
                variant="subtle"
                leftSection={<IconChecks size={16} />}
                loading={markRead.isPending}
                onClick={() => markRead.mutate(null)}
              >
                {t("markAll")}
              </Button>
            )
          }
        >
          <div className={classes.latest}>
            {known.isPending && <LoadingState rows={4} />}
            {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
            {known.isSuccess && <NotificationList told={known.data.notifications} />}
          </div>
        </Panel>
        {choices.isPending && <LoadingState rows={6} />}
        {choices.isError && <ErrorState error={choices.error} onRetry={() => void choices.refetch()} />}
        {choices.isSuccess && (
          <>
            <PushDevices choices={choices.data} />
            <ChoicesForm choices={choices.data} />
          </>
        )}
      </div>
    </Narrow>
  );
}
