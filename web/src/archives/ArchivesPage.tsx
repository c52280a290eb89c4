import { IconBuildingHospital } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useArchives, useSearchArchive } from "../api/archiveHooks";
import { useMe } from "../api/hooks";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { isClinician } from "../worklist/sections";
import { AddArchive } from "./AddArchive";
import { ArchiveList } from "./ArchiveList";
import { FoundStudies } from "./FoundStudies";
import { RetrievalList } from "./RetrievalList";
import { SearchForm } from "./SearchForm";
import classes from "./archives.module.css";

/** Studies in other hospitals: clinicians search and fetch, administrators say which archives there are. */
export function ArchivesPage() {
  const { t } = useTranslation("archives");
  const me = useMe();
  const archives = useArchives();
  const search = useSearchArchive();
  const searches = me.data ? isClinician(me.data) : false;
  const enters = me.data?.roles.includes("administrator") ?? false;
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      {archives.isPending && <LoadingState rows={6} />}
      {archives.isError && <ErrorState error={archives.error} onRetry={() => void archives.refetch()} />}
      {archives.isSuccess && (
        <div className={classes.stack}>
          {searches && archives.data.length === 0 && !enters && (
            <Panel>
              <EmptyState icon={IconBuildingHospital} title={t("none")} text={t("noneText")} />
            </Panel>
          )}
          {searches && archives.data.length > 0 && (
            <>
              <Panel title={t("search.title")}>
                <SearchForm archives={archives.data} search={search} />
              </Panel>
              <FoundStudies search={search} />
              <RetrievalList archives={archives.data} />
            </>
          )}
          {enters && (
            <>
              <ArchiveList archives={archives.data} />
              <Panel title={t("add.title")}>
                <AddArchive />
              </Panel>
            </>
          )}
        </div>
      )}
    </>
  );
}
