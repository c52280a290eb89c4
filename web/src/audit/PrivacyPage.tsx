import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { PageHead } from "../ui/PageHead";
import classes from "./audit.module.css";
import { ChainState } from "./ChainState";
import { EmergencyReviews } from "./EmergencyReviews";
import { EntrySearch } from "./EntrySearch";
import { Viewers } from "./Viewers";

const PARTS = [
  { name: "entries", Part: EntrySearch },
  { name: "viewers", Part: Viewers },
  { name: "emergency", Part: EmergencyReviews },
  { name: "chain", Part: ChainState },
] as const;

/** For a privacy officer: who saw and changed what of the own institution's, and whether the log holds. */
export function PrivacyPage() {
  const { t } = useTranslation("audit");
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") ?? "entries";
  return (
    <>
      <PageHead title={t("title")} lead={t("lead")} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => setSearch(value === null ? {} : { tab: value }, { replace: true })}
      >
        <Tabs.List className={classes.tabs}>
          {PARTS.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {t(`tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {PARTS.map(({ name, Part }) => (
          <Tabs.Panel key={name} value={name} pt="md">
            <Part />
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
