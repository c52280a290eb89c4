import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconBuildingHospital,
  IconCircleCheck,
  IconExclamationCircle,
  IconPlugConnected,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useRemoveArchive, useTestArchive } from "../api/archiveHooks";
import type { Archive } from "../api/types";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState } from "../ui/states";
import { Tag } from "../ui/Tag";
import classes from "./archives.module.css";

function Row({ archive, onRemove }: { archive: Archive; onRemove: () => void }) {
  const { t } = useTranslation("archives");
  const say = useProblemText();
  const test = useTestArchive(archive.id);
  const rule = archive.prior_rule;
  const outcome = test.data?.outcome;
  const isGood = outcome === "answered";
  const words = outcome === undefined ? (test.isError ? say(test.error) : null) : t(`outcome.${outcome}`);
  return (
    <li className={classes.row}>
      <div>
        <div className={classes.name}>{archive.name}</div>
        {rule !== null && (
          <div className={classes.muted}>
            {t("admin.priors", {
              modalities: rule.modalities?.join(" ") || t("admin.sameModality"),
              count: rule.at_most,
              days: rule.not_older_than_days,
            })}
          </div>
        )}
      </div>
      <div className="tabular">
        {archive.kind === "dicomweb"
          ? archive.url
          : `${archive.ae_title} · ${archive.host}:${archive.port} · ${(archive.retrieve_by ?? "c-get").toUpperCase()}`}
      </div>
      <div role="status">
        {words !== null && (
          <Tag plain tone={isGood ? "moss" : "signal"} icon={isGood ? IconCircleCheck : IconExclamationCircle}>
            <span className={classes.words}>{words}</span>
          </Tag>
        )}
      </div>
      <div className={classes.actions}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlugConnected size={14} />}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          {t("admin.test")}
        </Button>
        <Button size="xs" variant="subtle" color="signal" leftSection={<IconTrash size={14} />} onClick={onRemove}>
          {t("admin.remove")}
        </Button>
      </div>
    </li>
  );
}

/** The archives that the institution may search. */
export function ArchiveList({ archives }: { archives: readonly Archive[] }) {
  const { t } = useTranslation("archives");
  const say = useProblemText();
  const remove = useRemoveArchive();
  const [leaving, setLeaving] = useState<Archive | null>(null);
  const dismiss = () => setLeaving(null);

  const confirm = (archive: Archive) =>
    remove.mutate(archive.id, {
      onSuccess: () => notifications.show({ color: "moss", message: t("admin.removed", { name: archive.name }) }),
      onError: (error) => notifications.show({ color: "signal", title: t("admin.remove"), message: say(error) }),
      onSettled: dismiss,
    });
  return (
    <Panel flush title={t("admin.title")}>
      {archives.length === 0 && (
        <EmptyState icon={IconBuildingHospital} title={t("admin.empty")} text={t("admin.emptyText")} />
      )}
      <ul className={classes.rows}>
        {archives.map((archive) => (
          <Row key={archive.id} archive={archive} onRemove={() => setLeaving(archive)} />
        ))}
      </ul>
      <Modal
        opened={leaving !== null}
        onClose={dismiss}
        title={t("admin.removeTitle", { name: leaving?.name ?? "" })}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Stack>
          <Text size="sm">{t("admin.removeText")}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={dismiss}>
              {t("common:cancel")}
            </Button>
            <Button color="signal" loading={remove.isPending} onClick={() => leaving !== null && confirm(leaving)}>
              {t("admin.remove")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Panel>
  );
}
