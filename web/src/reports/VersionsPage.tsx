import { Button, NativeSelect } from "@mantine/core";
import { IconArrowLeft, IconDownload, IconFileText } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { addresses } from "../api/client";
import { useSignedVersions, useVersionDifference } from "../api/reportHooks";
import type { SectionDifference, SignedVersion } from "../api/types";
import { useLanguage } from "../app/i18n";
import { actorName, formatInstant } from "../ui/format";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import classes from "./report.module.css";

const TAGS = { same: "span", added: "ins", removed: "del" } as const;

function Section({ section }: { section: SectionDifference }) {
  const { t } = useTranslation("report");
  const changed = section.runs.some((run) => run.kind !== "same");
  return (
    <section>
      <h3 className={classes.label}>
        {t(`section.${section.section}`)}
        {!changed && <span className={classes.muted}>{t("versions.unchanged")}</span>}
      </h3>
      <p className={classes.text}>
        {section.runs.map((run, index) => {
          const As = TAGS[run.kind];
          return (
            <As key={index} className={classes[run.kind]}>
              {run.text}
            </As>
          );
        })}
      </p>
    </section>
  );
}

function Difference({ consultId, before, after }: { consultId: string; before: number; after: number }) {
  const difference = useVersionDifference(consultId, before, after);
  if (difference.isLoadingError) return <ErrorState error={difference.error} onRetry={() => void difference.refetch()} />;
  if (difference.isPending) return <LoadingState />;
  return (
    <div className={classes.stack}>
      {difference.data.map((section) => (
        <Section key={section.section} section={section} />
      ))}
    </div>
  );
}

function Comparison({ consultId, versions }: { consultId: string; versions: readonly SignedVersion[] }) {
  const { t } = useTranslation("report");
  const [before, setBefore] = useState(versions.length - 1);
  const [after, setAfter] = useState(versions.length);
  const choices = versions.map(({ number }) => ({ value: String(number), label: t("versions.number", { number }) }));
  return (
    <Panel title={t("versions.difference")} label={t("versions.difference")}>
      <div className={classes.stack}>
        <div className={classes.choices}>
          <NativeSelect
            label={t("versions.before")}
            data={choices}
            value={String(before)}
            onChange={(event) => setBefore(Number(event.currentTarget.value))}
          />
          <NativeSelect
            label={t("versions.after")}
            data={choices}
            value={String(after)}
            onChange={(event) => setAfter(Number(event.currentTarget.value))}
          />
        </div>
        <div className={classes.muted}>{t("versions.legend")}</div>
        <Difference consultId={consultId} before={before} after={after} />
      </div>
    </Panel>
  );
}

function Version({ consultId, version }: { consultId: string; version: SignedVersion }) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  const { number } = version;
  return (
    <li className={classes.version}>
      <div>
        <strong>
          {t("versions.number", { number })} · {t(`status.${version.status}`)}
        </strong>
        <div className={`${classes.muted} tabular`}>
          {[actorName(version.signed_by), formatInstant(version.signed_at, new Date(), language)].filter(Boolean).join(" · ")}
        </div>
        {version.reason !== null && <div>{t("versions.reason", { reason: version.reason })}</div>}
        <div className={classes.muted}>
          {t(version.has_time_stamp ? "timeStamped" : "timeClaimed")}{" "}
          {t(version.is_archived ? "versions.archived" : "versions.notArchived")}
        </div>
      </div>
      <Button
        component="a"
        size="xs"
        variant="default"
        href={addresses.signedVersionPdf(consultId, number)}
        download={`report-${consultId}-${number}.pdf`}
        leftSection={<IconDownload size={14} />}
        aria-label={t("versions.download", { number })}
      >
        PDF
      </Button>
    </li>
  );
}

/** Every version that was signed of a report, and what changed between two of them. */
export function VersionsPage() {
  const { t } = useTranslation("report");
  const { consultId = "" } = useParams();
  const query = useSignedVersions(consultId);
  if (query.isLoadingError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <LoadingState rows={6} />;
  const versions = query.data;
  return (
    <>
      <PageHead
        title={t("versions.title")}
        actions={
          <Button component={Link} to={`/consults/${consultId}`} variant="default" leftSection={<IconArrowLeft size={16} />}>
            {t("versions.back")}
          </Button>
        }
      />
      <div className={classes.stack}>
        {versions.length === 0 ? (
          <EmptyState icon={IconFileText} title={t("versions.none")} />
        ) : (
          <Panel flush>
            <ul className={classes.versions}>
              {versions.map((version) => (
                <Version key={version.number} consultId={consultId} version={version} />
              ))}
            </ul>
          </Panel>
        )}
        {versions.length > 1 && <Comparison key={versions.length} consultId={consultId} versions={versions} />}
      </div>
    </>
  );
}
