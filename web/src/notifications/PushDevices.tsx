import { Button } from "@mantine/core";
import { IconDevices, IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useAddPushDevice, useRemovePushDevice } from "../api/notificationHooks";
import { ApiError } from "../api/client";
import type { NotificationChoices } from "../api/types";
import { Ago } from "../ui/Ago";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import classes from "./notifications.module.css";
import { subscribe, whyNoPush } from "./pushBrowser";
import { TestButton } from "./TestButton";

/** The browsers that show notifications while no page is open. */
export function PushDevices({ choices }: { choices: NotificationChoices }) {
  const { t } = useTranslation("notification");
  const say = useProblemText();
  const add = useAddPushDevice();
  const remove = useRemovePushDevice();
  const obstacle = whyNoPush();
  const error = add.error ?? remove.error;
  return (
    <Panel
      flush
      title={t("devices.title")}
      actions={
        obstacle === null && (
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconPlus size={16} />}
            loading={add.isPending}
            onClick={() => add.mutate(() => subscribe(choices.push_key))}
          >
            {t("devices.add")}
          </Button>
        )
      }
    >
      {obstacle !== null && (
        <div className={classes.inPanel}>
          <Note tone="amber">{t(`devices.${obstacle}`)}</Note>
        </div>
      )}
      {error !== null && (
        <div className={classes.inPanel}>
          <Note tone="signal" alert>
            {error instanceof ApiError ? say(error) : t("devices.refused")}
          </Note>
        </div>
      )}
      {choices.devices.length === 0 ? (
        <EmptyState icon={IconDevices} title={t("devices.empty")} text={t("devices.text")} />
      ) : (
        <ul className={classes.list}>
          {choices.devices.map((one) => (
            <li key={one.id} className={classes.device}>
              <span>
                {one.device}
                <span className={classes.meta}>
                  <Ago since={one.created_at} past />
                </span>
              </span>
              <Button
                size="compact-sm"
                variant="subtle"
                color="signal"
                leftSection={<IconTrash size={14} />}
                aria-label={t("devices.removeNamed", { name: one.device })}
                onClick={() => remove.mutate(one.id)}
              >
                {t("devices.remove")}
              </Button>
            </li>
          ))}
          <li className={classes.device}>
            <TestButton channel="push" />
          </li>
        </ul>
      )}
    </Panel>
  );
}
