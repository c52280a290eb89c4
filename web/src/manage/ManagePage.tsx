import { Tabs, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useManagement } from "../api/manageHooks";
import { Emergencies } from "../consents/Emergencies";
import { Narrow } from "../ui/Narrow";
import { PageHead } from "../ui/PageHead";
import { ErrorState, LoadingState } from "../ui/states";
import { Archive } from "./Archive";
import { Conflicts } from "./Conflicts";
import { Holds } from "./Holds";
import { Patients } from "./Patients";
import { Rules } from "./Rules";
import { Studies } from "./Studies";
import classes from "./manage.module.css";

const PARTS = [
  { name: "studies", Part: Studies },
  { name: "patients", Part: Patients },
  { name: "rules", Part: Rules },
  { name: "holds", Part: Holds },
  { name: "conflicts", Part: Conflicts },
  { name: "archive", Part: Archive },
] as const;

/** Where the search chooses what is listed. */
const SEARCHED: ReadonlySet<string> = new Set(["studies", "patients"]);

/** Deletion, merge, split, retention, conflicts: what keeps an archive in order over the years. */
export function ManagePage() {
  const { t } = useTranslation("manage");
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 300);
  const management = useManagement(wanted);
  const [search, setSearch] = useSearchParams();
  const parts = PARTS.filter(({ name }) => name !== "holds" || management.data?.may.hold_records === true);
  const tab = parts.find(({ name }) => name === search.get("tab"))?.name ?? "studies";
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      <Emergencies />
      {management.isPending && <LoadingState rows={6} />}
      {management.isError && <ErrorState error={management.error} onRetry={() => void management.refetch()} />}
      {management.data !== undefined && (
        <Tabs
          value={tab}
          onChange={(value) => setSearch(value === null ? {} : { tab: value }, { replace: true })}
        >
          <Tabs.List className={classes.tabs}>
            {parts.map(({ name }) => (
              <Tabs.Tab key={name} value={name}>
                {t(`tabs.${name}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {SEARCHED.has(tab) && (
            <TextInput
              aria-label={t("search")}
              placeholder={t("search")}
              leftSection={<IconSearch size={16} />}
              maxLength={200}
              mt="md"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          {parts.map(({ name, Part }) => (
            <Tabs.Panel key={name} value={name} keepMounted={name !== "holds"} pt="md">
              <Part management={management.data} isSearched={wanted !== ""} />
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
    </Narrow>
  );
}
