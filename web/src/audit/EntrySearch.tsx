import { Button, Menu, NativeSelect, TextInput } from "@mantine/core";
import { IconDownload, IconListSearch, IconSearch } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { exportAddress, useAuditEntries, type AuditFilter, type AuditForm, type Deed } from "../api/auditHooks";
import { get } from "../api/client";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, LoadingState } from "../ui/states";
import classes from "./audit.module.css";
import { EntryRow } from "./EntryRow";
import { SearchFault } from "./SearchFault";

const DEEDS: readonly Deed[] = ["viewed", "searched", "changed", "exported", "sign-in", "emergency"];
const FORMS: readonly AuditForm[] = ["csv", "fhir", "syslog"];
const TEXTS = ["person", "patient", "address"] as const;

type Draft = Record<"person" | "patient" | "address" | "deed" | "refused" | "since" | "until", string>;
const EMPTY: Draft = { person: "", patient: "", address: "", deed: "", refused: "", since: "", until: "" };

/** What is filled in; a day begins and ends by this browser's clock. */
function filterOf(draft: Draft): AuditFilter {
  const filled = Object.fromEntries(Object.entries(draft).filter(([, value]) => value.trim() !== ""));
  const filter: AuditFilter = { ...filled };
  if (draft.since !== "") filter.since = new Date(`${draft.since}T00:00:00`).toISOString();
  if (draft.until !== "") {
    const end = new Date(`${draft.until}T00:00:00`);
    end.setDate(end.getDate() + 1);
    filter.until = end.toISOString();
  }
  return filter;
}

function ExportMenu({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation("audit");
  const say = useProblemText();
  const [failed, setFailed] = useState<unknown>(null);
  // Asked first, so that a proof of who it is comes before the browser takes the file.
  const fetchFile = (form: AuditForm) => {
    setFailed(null);
    get("/session/freshness").then(() => window.location.assign(exportAddress(filter, form)), setFailed);
  };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" size="xs" ms="auto" leftSection={<IconDownload size={16} />}>
            {t("export.open")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMS.map((form) => (
            <Menu.Item key={form} onClick={() => fetchFile(form)}>
              {t(`export.${form}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {failed !== null && (
        <Note tone="signal" alert>
          {say(failed)}
        </Note>
      )}
    </>
  );
}

/** The log, filtered by the server. Nothing is asked before somebody searches. */
export function EntrySearch() {
  const { t } = useTranslation("audit");
  const [search] = useSearchParams();
  const [draft, setDraft] = useState<Draft>({ ...EMPTY, patient: search.get("patient") ?? "" });
  const [filter, setFilter] = useState<AuditFilter>(() => filterOf(draft));
  const found = useAuditEntries(filter);
  const change = (changed: Partial<Draft>) => setDraft({ ...draft, ...changed });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = filterOf(draft);
    if (JSON.stringify(wanted) === JSON.stringify(filter)) void found.refetch();
    else setFilter(wanted);
  };
  const entries = found.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <div className={classes.stack}>
      <Panel>
        <form onSubmit={submit} className={classes.filters}>
          {TEXTS.map((name) => (
            <TextInput
              key={name}
              label={t(`filter.${name}`)}
              placeholder={t(`filter.${name}Hint`)}
              maxLength={64}
              value={draft[name]}
              onChange={(event) => change({ [name]: event.currentTarget.value })}
            />
          ))}
          <NativeSelect
            label={t("filter.deed")}
            value={draft.deed}
            onChange={(event) => change({ deed: event.currentTarget.value })}
            data={[{ value: "", label: t("filter.any") }, ...DEEDS.map((deed) => ({ value: deed, label: t(`deed.${deed}`) }))]}
          />
          <NativeSelect
            label={t("filter.refused")}
            value={draft.refused}
            onChange={(event) => change({ refused: event.currentTarget.value })}
            data={[
              { value: "", label: t("filter.any") },
              { value: "true", label: t("filter.onlyRefused") },
              { value: "false", label: t("filter.onlyDone") },
            ]}
          />
          {(["since", "until"] as const).map((name) => (
            <TextInput
              key={name}
              type="date"
              label={t(`filter.${name}`)}
              value={draft[name]}
              onChange={(event) => change({ [name]: event.currentTarget.value })}
            />
          ))}
          <div className={classes.submit}>
            <Button type="submit" loading={found.isFetching && !found.isFetchingNextPage} leftSection={<IconSearch size={16} />}>
              {t("filter.search")}
            </Button>
            <Button variant="default" onClick={() => { setDraft(EMPTY); setFilter({}); }}>
              {t("filter.clear")}
            </Button>
          </div>
        </form>
      </Panel>
      <Panel flush title={t("tabs.entries")} actions={found.isSuccess && entries.length > 0 && <ExportMenu filter={filter} />}>
        <p className={classes.explained}>{t("searched")}</p>
        {found.isPending && <LoadingState rows={8} />}
        {found.isLoadingError && <SearchFault error={found.error} onRetry={() => void found.refetch()} />}
        {found.isSuccess && entries.length === 0 && (
          <EmptyState icon={IconListSearch} title={t("empty")} text={t("emptyText")} />
        )}
        {entries.length > 0 && (
          <ul className={classes.rows}>
            {entries.map((entry) => (
              <EntryRow key={entry.sequence} entry={entry} />
            ))}
          </ul>
        )}
        {found.hasNextPage && (
          <div className={classes.more}>
            <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {t("more")}
            </Button>
          </div>
        )}
      </Panel>
    </div>
  );
}
