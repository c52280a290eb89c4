import { Button, FileButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArchive, IconArchiveOff, IconBuildingHospital, IconCopy, IconFileImport, IconPackage, IconPencil, IconTemplate } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import { useReportTemplates } from "../api/reportHooks";
import { useReadMrrt, useRetireTemplate } from "../api/templateHooks";
import type { TemplateSummary } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { IMPORTED, keepImport, keepTemplate } from "./keptTemplate";
import classes from "./templates.module.css";

function Row({ template }: { template: TemplateSummary }) {
  const { t } = useTranslation("template");
  const language = useLanguage();
  const say = useProblemText();
  const retire = useRetireTemplate();
  const { id, is_retired: isRetired, is_shipped: isShipped } = template;
  const title = inLanguage(template.title, language);
  const madeFor = [...template.specialties.map((one) => t(`common:specialty.${one}`)), ...template.modalities];
  return (
    <li className={classes.listed} data-retired={isRetired || undefined}>
      <div className={classes.what}>
        <div className={classes.title}>
          {title}
          <Tag tone={isShipped ? "neutral" : "petrol"} icon={isShipped ? IconPackage : IconBuildingHospital} plain>
            {t(isShipped ? "list.shipped" : "list.own")}
          </Tag>
          {isRetired && (
            <Tag tone="amber" icon={IconArchive} plain>
              {t("list.retired")}
            </Tag>
          )}
        </div>
        <div>{inLanguage(template.description, language)}</div>
        <div className={classes.muted}>
          {[
            t("list.version", { version: template.version, count: template.field_count }),
            t("list.madeFor", { what: madeFor.length > 0 ? madeFor.join(", ") : t("list.anything") }),
            template.published_by &&
              t("list.published", {
                who: template.published_by.display_name,
                when: formatInstant(template.published_at, new Date(), language),
              }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </div>
      <div className={classes.actions}>
        {!isShipped && (
          <Button component={Link} to={`/institution/templates/${id}`} size="xs" variant="default" leftSection={<IconPencil size={14} />} aria-label={`${t("list.edit")}: ${title}`}>
            {t("list.edit")}
          </Button>
        )}
        <Button component={Link} to={`/institution/templates/${id}/copy`} size="xs" variant="default" leftSection={<IconCopy size={14} />} aria-label={`${t("list.copy")}: ${title}`}>
          {t("list.copy")}
        </Button>
        <Button
          size="xs"
          variant="subtle"
          loading={retire.isPending}
          leftSection={isRetired ? <IconArchiveOff size={14} /> : <IconArchive size={14} />}
          aria-label={`${t(isRetired ? "list.restore" : "list.retire")}: ${title}`}
          onClick={() =>
            retire.mutate(
              { id, retired: !isRetired },
              { onError: (error) => notifications.show({ color: "signal", title, message: say(error) }) },
            )
          }
        >
          {t(isRetired ? "list.restore" : "list.retire")}
        </Button>
      </div>
    </li>
  );
}

/** What the institution's reports are written in: shipped ones to copy, own ones to change. */
export function TemplateList() {
  const { t } = useTranslation("template");
  const say = useProblemText();
  const navigate = useNavigate();
  const known = useReportTemplates();
  const reading = useReadMrrt();
  const read = (file: File | null) => {
    if (file === null) return;
    reading.mutate(file, {
      onSuccess: (found) => {
        keepImport(found);
        keepTemplate(IMPORTED.id, IMPORTED.version, null);
        void navigate("/institution/templates/import");
      },
    });
  };
  return (
    <Panel
      flush
      title={t("list.title")}
      actions={
        <FileButton accept=".html,.htm,.xhtml,text/html" onChange={read}>
          {(props) => (
            <Button {...props} size="xs" variant="default" loading={reading.isPending} leftSection={<IconFileImport size={14} />}>
              {t("import.button")}
            </Button>
          )}
        </FileButton>
      }
    >
      <p className={classes.explained}>{t("list.text")}</p>
      {reading.isError && (
        <Note tone="signal" alert>
          {say(reading.error)}
        </Note>
      )}
      {known.isPending && <LoadingState rows={6} />}
      {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
      {known.isSuccess && known.data.templates.length === 0 && <EmptyState icon={IconTemplate} title={t("list.empty")} />}
      {known.isSuccess && (
        <ul className={classes.list}>
          {known.data.templates.map((template) => (
            <Row key={template.id} template={template} />
          ))}
        </ul>
      )}
    </Panel>
  );
}
