/** Above a picture: whether it is of the current study or of an earlier one. Word and colour, never one alone. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { formatDate } from "../ui/format";
import { intervalOf } from "./priors";
import classes from "./compare.module.css";

export interface RoleBarProps {
  of: "current" | "prior";
  /** ISO 8601. */
  date: string | null;
  /** How long before the current study, in days; null: it is not known yet. */
  daysBefore?: number | null;
  children?: ReactNode;
}

export function useIntervalText(): (daysBefore: number) => string {
  const { t } = useTranslation("viewer");
  return (daysBefore) => {
    const interval = intervalOf(daysBefore);
    if (interval.unit === "days" && interval.count === 0) return t("compare.sameDay");
    if (interval.unit !== "years") return t(`compare.before.${interval.unit}`, { count: interval.count });
    const years = t("compare.years", { count: interval.count });
    if (interval.months === 0) return t("compare.before.years", { years });
    return t("compare.before.yearsMonths", { years, months: t("compare.months", { count: interval.months }) });
  };
}

export function RoleBar({ of, date, daysBefore = null, children }: RoleBarProps) {
  const { t } = useTranslation("viewer");
  const intervalText = useIntervalText();
  return (
    <div className={classes.role} data-of={of}>
      <strong className={classes.roleName}>{t(`compare.role.${of}`)}</strong>
      <span className={classes.roleDate}>{formatDate(date)}</span>
      {daysBefore !== null && <span className={classes.interval}>{intervalText(daysBefore)}</span>}
      {children}
    </div>
  );
}
