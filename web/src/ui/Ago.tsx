import { useTranslation } from "react-i18next";

import { elapsed } from "./format";
import { useNow } from "./useNow";

export interface AgoProps {
  since: string;
  /** Says when something was, "6 min ago"; else how long it lasts, "6 min". */
  past?: boolean;
}

/** Time passed since an instant, counting on while it is looked at. */
export function Ago({ since, past = false }: AgoProps) {
  const { t } = useTranslation();
  const { unit, count } = elapsed(since, useNow());
  const time = t(`ago.${unit}`, { count });
  return (
    <time dateTime={since} className="tabular" title={new Date(since).toLocaleString()}>
      {unit === "minutes" && count === 0 ? t("ago.now") : past ? t("ago.past", { time }) : time}
    </time>
  );
}
