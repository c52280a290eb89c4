import { IconCloudUpload } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import classes from "../app/frame.module.css";
import { formatPercent } from "../ui/format";
import { overallProgress, subscribeToUploads } from "./uploads";

/** In the header while an upload is under way, whichever page is open. */
export function UploadIndicator() {
  const { t } = useTranslation();
  const progress = useSyncExternalStore(subscribeToUploads, overallProgress);
  if (progress === null) return null;
  return (
    <Link to="/upload" className={classes.tool} aria-label={t("uploading", { percent: formatPercent(progress) })}>
      <IconCloudUpload size={18} aria-hidden />
      <span className="tabular">{formatPercent(progress)}</span>
    </Link>
  );
}
