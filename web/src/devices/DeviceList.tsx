import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCircleCheck, IconDeviceDesktop, IconExclamationCircle, IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useRemoveDevice, useTestDevice } from "../api/hooks";
import type { DicomPeer } from "../api/types";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import { Tag } from "../ui/Tag";
import classes from "./devices.module.css";

function Row({ peer, onRemove }: { peer: DicomPeer; onRemove: () => void }) {
  const { t } = useTranslation("devices");
  const say = useProblemText();
  const test = useTestDevice(peer.id);
  const outcome = test.data?.outcome;
  return (
    <li className={classes.row}>
      <div className={classes.who}>
        <div className={classes.aeTitle}>{peer.ae_title}</div>
        {peer.description !== null && <div className={classes.muted}>{peer.description}</div>}
      </div>
      <div className={`${classes.where} tabular`}>
        {peer.address}
        {peer.port === null ? <span className={classes.muted}> · {t("peers.noPort")}</span> : `:${peer.port}`}
      </div>
      <div className={classes.outcome} role="status">
        {outcome !== undefined && (
          <Tag
            plain
            tone={outcome === "answered" ? "moss" : "signal"}
            icon={outcome === "answered" ? IconCircleCheck : IconExclamationCircle}
          >
            <span className={classes.outcomeWords}>{t(`outcome.${outcome}`)}</span>
          </Tag>
        )}
        {test.isError && (
          <Tag plain tone="signal" icon={IconExclamationCircle}>
            <span className={classes.outcomeWords}>{say(test.error)}</span>
          </Tag>
        )}
      </div>
      <div className={classes.actions}>
        {peer.port !== null && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlugConnected size={14} />}
            loading={test.isPending}
            onClick={() => test.mutate()}
          >
            {t("peers.test")}
          </Button>
        )}
        <Button size="xs" variant="subtle" color="signal" leftSection={<IconTrash size={14} />} onClick={onRemove}>
          {t("peers.remove")}
        </Button>
      </div>
    </li>
  );
}

/** The devices of the institution that are let in. */
export function DeviceList({ peers }: { peers: readonly DicomPeer[] }) {
  const { t } = useTranslation("devices");
  const say = useProblemText();
  const remove = useRemoveDevice();
  const [leaving, setLeaving] = useState<DicomPeer | null>(null);
  const dismiss = () => setLeaving(null);

  const confirm = (peer: DicomPeer) =>
    remove.mutate(peer.id, {
      onSuccess: () =>
        notifications.show({ color: "moss", message: t("peers.removed", { title: peer.ae_title }) }),
      onError: (error) => notifications.show({ color: "signal", title: t("peers.remove"), message: say(error) }),
      onSettled: dismiss,
    });
  return (
    <Panel flush title={t("peers.title")}>
      {peers.length === 0 ? (
        <EmptyState icon={IconDeviceDesktop} title={t("peers.empty")} text={t("peers.emptyText")} />
      ) : (
        <ul className={classes.rows}>
          {peers.map((peer) => (
            <Row key={peer.id} peer={peer} onRemove={() => setLeaving(peer)} />
          ))}
        </ul>
      )}
      <Modal
        opened={leaving !== null}
        onClose={dismiss}
        title={t("peers.removeTitle", { title: leaving?.ae_title ?? "" })}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Stack>
          <Text size="sm">{t("peers.removeText")}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={dismiss}>
              {t("common:cancel")}
            </Button>
            <Button color="signal" loading={remove.isPending} onClick={() => leaving !== null && confirm(leaving)}>
              {t("peers.remove")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Panel>
  );
}
