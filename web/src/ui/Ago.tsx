import { useTranslation } from "react-i18next";

import { elapsed } from "./format";
import { useNow } from "./useNow";

/** Time passed since an instant, counting on while it is looked at. */
export function Ago({ since }: { since: string }) {
  const { t } = useTranslation();
  const { unit, count } = elapsed(since, useNow());
  return (
    <time dateTime={since} className="tabular" title={new Date(since).toLocaleString()}>
      {unit === "minutes" && count === 0 ? t("ago.now") : t(`ago.${unit}`, { count })}
    </time>
  );
}
