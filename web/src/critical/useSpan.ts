import { useTranslation } from "react-i18next";

/** Minutes in the largest unit that they fill without a rest. */
export function useSpan(): (minutes: number) => string {
  const { t } = useTranslation("critical");
  return (minutes) => {
    if (minutes > 0 && minutes % (24 * 60) === 0) return t("span.days", { count: minutes / (24 * 60) });
    if (minutes > 0 && minutes % 60 === 0) return t("span.hours", { count: minutes / 60 });
    return t("span.minutes", { count: minutes });
  };
}
