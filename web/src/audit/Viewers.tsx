import { Anchor, Button, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconSearch, IconUserSearch } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useViewers } from "../api/auditHooks";
import { useLanguage } from "../app/i18n";
import { formatMoment } from "../ui/format";
import { institutionName } from "../ui/institution";
import { Panel } from "../ui/Panel";
import { EmptyState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import classes from "./audit.module.css";
import { SearchFault } from "./SearchFault";

/** Who has had to do with one patient's records: what a patient may ask, too. */
export function Viewers() {
  const { t } = useTranslation("audit");
  const language = useLanguage();
  const [text, setText] = useState("");
  const [patient, setPatient] = useState<string | null>(null);
  const found = useViewers(patient);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === "") return;
    if (wanted === patient) void found.refetch();
    else setPatient(wanted);
  };
  return (
    <div className={classes.stack}>
      <Panel>
        <form onSubmit={submit} className={classes.filters}>
          <TextInput
            label={t("filter.patient")}
            description={t("viewers.hint")}
            required
            maxLength={64}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className={classes.submit}>
            <Button type="submit" loading={found.isFetching} leftSection={<IconSearch size={16} />}>
              {t("viewers.ask")}
            </Button>
          </div>
        </form>
      </Panel>
      <Panel flush title={patient === null ? t("tabs.viewers") : t("viewers.title", { patient })}>
        {patient === null && <EmptyState icon={IconUserSearch} title={t("viewers.none")} text={t("searched")} />}
        {found.isLoading && <LoadingState rows={5} />}
        {found.isError && <SearchFault error={found.error} onRetry={() => void found.refetch()} />}
        {found.isSuccess && found.data.people.length === 0 && (
          <EmptyState icon={IconUserSearch} title={t("viewers.empty")} />
        )}
        {found.isSuccess && found.data.people.length > 0 && (
          <>
            <ul className={classes.rows}>
              {found.data.people.map((one) => (
                <li key={one.actor} className={classes.entry}>
                  <div className={classes.who}>
                    <div>{one.who?.display_name ?? t(`actor.${one.actor}`, { defaultValue: one.actor })}</div>
                    {one.who !== null && (
                      <div className={classes.muted}>{institutionName(one.who.institution, language)}</div>
                    )}
                  </div>
                  <div className={classes.what}>
                    <div className={classes.deed}>
                      {t("viewers.entries", { count: one.entries })}
                      {one.under_emergency > 0 && (
                        <Tag tone="amber" icon={IconAlertTriangle}>
                          {t("viewers.underEmergency", { count: one.under_emergency })}
                        </Tag>
                      )}
                    </div>
                    <div className={`${classes.muted} tabular`}>
                      {t("viewers.span", { first: formatMoment(one.first_at), last: formatMoment(one.last_at) })}
                    </div>
                  </div>
                </li>
              ))}
            </ul>
            <div className={classes.more}>
              <Anchor component={Link} to={`/privacy?patient=${encodeURIComponent(found.data.patient_number)}`}>
                {t("viewers.each")}
              </Anchor>
            </div>
          </>
        )}
      </Panel>
    </div>
  );
}
