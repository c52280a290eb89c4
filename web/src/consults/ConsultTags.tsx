import { useTranslation } from "react-i18next";

import type { ConsultStatus, Urgency } from "../api/types";
import { Tag } from "../ui/Tag";
import { CONSULT_STATUS, URGENCY } from "./status";

export function ConsultStatusTag({ status }: { status: ConsultStatus }) {
  const { t } = useTranslation("consult");
  const look = CONSULT_STATUS[status];
  return (
    <Tag tone={look.tone} icon={look.icon}>
      {t(`status.${status}`)}
    </Tag>
  );
}

export function UrgencyTag({ urgency }: { urgency: Urgency }) {
  const { t } = useTranslation("consult");
  const look = URGENCY[urgency];
  return (
    <Tag tone={look.tone} icon={look.icon} plain={urgency === "routine"}>
      {t(`urgency.${urgency}`)}
    </Tag>
  );
}
