import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownloadOff, IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useCancelRetrieval, useRetrievals, useRetrieve } from "../api/archiveHooks";
import { usePollMs } from "../api/events";
import type { Archive, Retrieval } from "../api/types";
import { Ago } from "../ui/Ago";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { RetrievalState } from "./RetrievalState";
import classes from "./archives.module.css";

function Row({ retrieval, archive }: { retrieval: Retrieval; archive: string }) {
  const { t } = useTranslation("archives");
  const say = useProblemText();
  const cancel = useCancelRetrieval();
  const retry = useRetrieve();
  const isOpen = retrieval.status === "requested" || retrieval.status === "in-progress";
  const onError = (error: unknown) => notifications.show({ color: "signal", message: say(error) });
  return (
    <li className={classes.row}>
      <div>
        <div className={classes.name}>{retrieval.study_description ?? t("found.unnamed")}</div>
        {retrieval.prior_of !== null && (
          <Tag plain tone="petrol" icon={IconHistory}>
            {t("retrievals.prior")}
          </Tag>
        )}
      </div>
      <div className={classes.muted}>
        {archive} · <Ago since={retrieval.created_at} past />
      </div>
      <div>
        <RetrievalState retrieval={retrieval} />
      </div>
      <div className={classes.actions}>
        {isOpen && (
          <Button
            size="xs"
            variant="subtle"
            color="signal"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(retrieval.id, { onError })}
          >
            {t("retrievals.cancel")}
          </Button>
        )}
        {(retrieval.status === "failed" || retrieval.status === "cancelled") && (
          <Button
            size="xs"
            variant="default"
            loading={retry.isPending}
            onClick={() =>
              retry.mutate({ archiveId: retrieval.archive_id, uid: retrieval.study_instance_uid }, { onError })
            }
          >
            {t("retrievals.again")}
          </Button>
        )}
        {retrieval.status === "completed" && (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={`/studies/${encodeURIComponent(retrieval.study_instance_uid)}`}
          >
            {t("retrievals.open")}
          </Button>
        )}
      </div>
    </li>
  );
}

/** What the institution fetched, and what it is fetching now. */
export function RetrievalList({ archives }: { archives: readonly Archive[] }) {
  const { t } = useTranslation("archives");
  const retrievals = useRetrievals(usePollMs());
  const nameOf = (id: string) => archives.find((one) => one.id === id)?.name ?? "";
  return (
    <Panel flush title={t("retrievals.title")}>
      {retrievals.isPending && <LoadingState />}
      {retrievals.isError && <ErrorState error={retrievals.error} onRetry={() => void retrievals.refetch()} />}
      {retrievals.isSuccess && retrievals.data.length === 0 && (
        <EmptyState icon={IconDownloadOff} title={t("retrievals.empty")} text={t("retrievals.emptyText")} />
      )}
      <ul className={classes.rows}>
        {(retrievals.data ?? []).map((one) => (
          <Row key={one.id} retrieval={one} archive={nameOf(one.archive_id)} />
        ))}
      </ul>
    </Panel>
  );
}
