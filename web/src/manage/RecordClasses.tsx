import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Management } from "../api/types";
import { Panel } from "../ui/Panel";
import { Tag } from "../ui/Tag";
import classes from "./manage.module.css";

const DAYS_IN_A_YEAR = 365;

type Kept = Management["record_classes"][number];

function useSpan() {
  const { t } = useTranslation("manage");
  return (days: number) =>
    days % DAYS_IN_A_YEAR === 0
      ? t("kept.years", { count: days / DAYS_IN_A_YEAR })
      : t("kept.days", { count: days });
}

function Line({ kept }: { kept: Kept }) {
  const { t } = useTranslation("manage");
  const span = useSpan();
  const isShort = kept.days !== null && kept.least_days !== null && kept.days < kept.least_days;
  const period = kept.days !== null ? span(kept.days) : kept.set_by === "rules" ? t("kept.byRules") : t("kept.always");
  const isDeleted = kept.set_by !== "nobody";
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <div>{t(`kept.class.${kept.name}`)}</div>
        {isDeleted && !kept.name.startsWith("notification") && (
          <div className={classes.muted}>
            {t("kept.dueSoon", { count: kept.due_soon })}
            {kept.on_hold > 0 && ` · ${t("kept.onHold", { count: kept.on_hold })}`}
          </div>
        )}
      </div>
      <div className={classes.tags}>
        {isShort && <Tag tone="amber" icon={IconAlertTriangle}>{t("kept.short", { span: span(kept.least_days ?? 0) })}</Tag>}
        <span>{period}</span>
      </div>
    </li>
  );
}

/** How long each class of records is kept here, and how much of it falls due. */
export function RecordClasses({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  return (
    <Panel flush title={t("kept.title")}>
      <p className={classes.explained}>{t("kept.text")} {t("kept.grace", { count: management.grace_days })}</p>
      <ul className={classes.rows}>
        {management.record_classes.map((kept) => (
          <Line key={kept.name} kept={kept} />
        ))}
      </ul>
    </Panel>
  );
}
