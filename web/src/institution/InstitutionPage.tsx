import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import { useAgreements } from "../api/institutionHooks";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import { Narrow } from "../ui/Narrow";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { TemplateList } from "../templates/TemplateList";
import { ErrorState, LoadingState } from "../ui/states";
import { AgreementList } from "./AgreementList";
import classes from "./institution.module.css";
import { Members } from "./Members";
import { ProposeAgreement } from "./ProposeAgreement";

/** Whom the own institution may ask and who may ask it, and, for its administrators, who works there. */
export function InstitutionPage() {
  const { t } = useTranslation("institution");
  const language = useLanguage();
  const known = useAgreements();
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") ?? "agreements";
  const agreements = known.isSuccess && (
    <div className={classes.stack}>
      <AgreementList known={known.data} />
      {known.data.may_manage && known.data.others.length > 0 && (
        <Panel title={t("propose.title")}>
          <ProposeAgreement known={known.data} />
        </Panel>
      )}
      {known.data.others.length === 0 && <Note tone="petrol">{t("agreements.alone")}</Note>}
    </div>
  );
  return (
    <Narrow>
      <PageHead
        title={known.isSuccess ? institutionName(known.data.own, language) : t("title")}
        lead={t("lead")}
      />
      {known.isPending && <LoadingState rows={6} />}
      {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
      {known.isSuccess &&
        (known.data.may_manage ? (
          <Tabs value={tab} onChange={(value) => setSearch(value === null ? {} : { tab: value }, { replace: true })}>
            <Tabs.List>
              <Tabs.Tab value="agreements">{t("agreements.title")}</Tabs.Tab>
              <Tabs.Tab value="members">{t("members.title")}</Tabs.Tab>
              <Tabs.Tab value="templates">{t("template:list.title")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="agreements" pt="md">
              {agreements}
            </Tabs.Panel>
            <Tabs.Panel value="members" pt="md">
              <Members />
            </Tabs.Panel>
            <Tabs.Panel value="templates" pt="md">
              <TemplateList />
            </Tabs.Panel>
          </Tabs>
        ) : (
          agreements
        ))}
    </Narrow>
  );
}
