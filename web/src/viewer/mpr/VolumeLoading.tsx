import { Progress } from "@mantine/core";
import { useTranslation } from "react-i18next";

import viewer from "../viewer.module.css";
import classes from "./mpr.module.css";

/** Planes need every slice: how many are there. */
export function VolumeLoading({ loadedCount, count }: { loadedCount: number; count: number }) {
  const { t } = useTranslation("viewer");
  return (
    <div className={viewer.cover} role="status">
      <div className={classes.loading}>
        <span>{t("mpr.loading", { loaded: loadedCount, count })}</span>
        <Progress value={count === 0 ? 0 : (100 * loadedCount) / count} size="sm" aria-label={t("loadingSlices")} />
      </div>
    </div>
  );
}
