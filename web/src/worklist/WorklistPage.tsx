import { Button, Group, Indicator, NativeSelect, SegmentedControl } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconInbox, IconSearch, IconStethoscope, IconUpload } from "@tabler/icons-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useSearchParams } from "react-router";

import { usePollMs } from "../api/events";
import { useMe } from "../api/hooks";
import type { Me } from "../api/types";
import { useViews, useWorklist, type WorklistRow } from "../api/worklistHooks";
import { useLanguage } from "../app/i18n";
import { CriticalWaiting } from "../critical/CriticalResults";
import { institutionName } from "../ui/institution";
import { PageHead } from "../ui/PageHead";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { FilterPanel } from "./FilterPanel";
import { asServerAsks, countFilters, EVERYTHING, formatQuery, SORTS, type Sort, type WorklistQuery } from "./query";
import { SearchField } from "./SearchField";
import { asksOthers } from "./sections";
import { NOTHING_SHOWN, withFresh, type Shown } from "./shownRows";
import { useWorklistQuery } from "./useWorklistQuery";
import { ViewBar } from "./ViewBar";
import classes from "./worklist.module.css";
import { WorklistTable } from "./WorklistTable";

const COUNTED_AT_MOST = 1000;
const FILTERS = "worklist-filters";

/** The list as it is, and as it is shown while somebody points at it. */
function useShownRows(address: string, query: WorklistQuery) {
  const list = useWorklist(address, () => asServerAsks(query, new Date()), usePollMs());
  const [isHeld, setHeld] = useState(false);
  const [state, setState] = useState<{ address: string; shown: Shown<WorklistRow> }>({
    address,
    shown: NOTHING_SHOWN,
  });
  const fresh = useMemo(() => list.data?.pages.flatMap((page) => page.rows), [list.data]);
  const shown = state.address === address ? state.shown : NOTHING_SHOWN;
  const isLate = !isHeld && shown.waiting + shown.gone.size > 0;
  if (fresh !== undefined && (shown.source !== fresh || isLate)) {
    setState({ address, shown: withFresh(shown, fresh, isHeld) });
  }
  const showNew = () => {
    if (fresh !== undefined) setState({ address, shown: withFresh(shown, fresh, false) });
  };
  return { list, shown, setHeld, showNew, count: list.data?.pages[0]?.count ?? null };
}

function Worklist({ me }: { me: Me }) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const { query, address, change } = useWorklistQuery();
  const { list, shown, setHeld, showNew, count } = useShownRows(address, query);
  const [filtersOpened, filters] = useDisclosure(false);
  const search = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const filterCount = countFilters(query);
  const isFiltered = formatQuery({ ...query, sort: EVERYTHING.sort }).size > 0;
  const onSearch = useCallback((q: string, typing: boolean) => change({ q }, typing), [change]);
  return (
    <>
      <PageHead
        title={t("title")}
        lead={`${institutionName(me.institution, language)} · ${me.display_name}`}
        actions={
          asksOthers(me) && (
            <Group gap="xs">
              <Button variant="default" component={Link} to="/consults/new" leftSection={<IconStethoscope size={16} />}>
                {t("common:nav.newConsult")}
              </Button>
              <Button component={Link} to="/upload" leftSection={<IconUpload size={16} />}>
                {t("common:nav.upload")}
              </Button>
            </Group>
          )
        }
      />
      <CriticalWaiting />
      <section className={classes.panel} aria-label={t("title")} aria-busy={list.isPending}>
        <ViewBar address={address} me={me} />
        <div className={classes.bar}>
          <SearchField field={search} value={query.q} onChange={onSearch} />
          <SegmentedControl
            size="xs"
            aria-label={t("kind.title")}
            value={query.kind}
            onChange={(kind) => change({ kind })}
            data={[
              { value: "", label: t("kind.all") },
              { value: "study", label: t("kind.studies") },
              { value: "consult", label: t("kind.consults") },
            ]}
          />
          <NativeSelect
            size="xs"
            aria-label={t("sort.title")}
            value={query.sort}
            onChange={(event) => change({ sort: event.currentTarget.value as Sort })}
            data={SORTS.map((sort) => ({ value: sort, label: t(`sort.${sort}`) }))}
          />
          <Indicator label={filterCount} size={16} disabled={filterCount === 0}>
            <Button
              size="xs"
              variant={filtersOpened ? "light" : "default"}
              leftSection={<IconAdjustmentsHorizontal size={15} />}
              aria-expanded={filtersOpened}
              aria-controls={FILTERS}
              aria-keyshortcuts="F"
              onClick={filters.toggle}
            >
              {t("filter.open")}
            </Button>
          </Indicator>
          {count !== null && (
            <span className={`${classes.muted} tabular`} role="status">
              {count > COUNTED_AT_MOST ? t("countMore", { count: COUNTED_AT_MOST }) : t("count", { count })}
            </span>
          )}
        </div>
        {filtersOpened && <FilterPanel id={FILTERS} query={query} onChange={change} />}
        {list.isPending && <LoadingState rows={6} />}
        {list.isError && shown.rows.length === 0 && (
          <ErrorState error={list.error} onRetry={() => void list.refetch()} />
        )}
        {list.isSuccess && shown.source !== null && shown.rows.length === 0 && (
          <EmptyState
            icon={isFiltered ? IconSearch : IconInbox}
            title={t(isFiltered ? "empty.filtered" : "empty.all")}
            text={t(isFiltered ? "empty.filteredText" : asksOthers(me) ? "empty.asker" : "empty.reader")}
            action={
              isFiltered ? (
                <Button variant="default" onClick={() => change({ ...EVERYTHING, sort: query.sort })}>
                  {t("filter.clear")}
                </Button>
              ) : null
            }
          />
        )}
        {shown.rows.length > 0 && (
          <WorklistTable
            shown={shown}
            count={count}
            sort={query.sort}
            me={me}
            search={search}
            grid={grid}
            onHold={setHeld}
            onShowNew={showNew}
            onFilters={filters.toggle}
          />
        )}
        {list.hasNextPage && (
          <div className={classes.more}>
            <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t("more")}
            </Button>
          </div>
        )}
      </section>
    </>
  );
}

/** Home: what waits for this user, as their default view shows it where the address asks for nothing. */
export function WorklistPage() {
  const me = useMe().data;
  const [search] = useSearchParams();
  const views = useViews();
  if (!me || (search.size === 0 && views.isPending)) return <LoadingState rows={6} />;
  const chosen = search.size === 0 ? views.data?.find((view) => view.is_default) : undefined;
  if (chosen !== undefined && chosen.query !== "") return <Navigate to={`/?${chosen.query}`} replace />;
  return <Worklist me={me} />;
}
