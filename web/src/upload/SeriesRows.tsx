import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Series } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { VERDICT } from "../studies/status";
import { Tag } from "../ui/Tag";
import type { UploadSession } from "./session";
import type { SeriesProgress } from "./summary";
import classes from "./upload.module.css";

export interface SeriesRowsProps {
  session: UploadSession;
  series: readonly SeriesProgress[];
  /** What the server says of them, once it has them. */
  judged: readonly Series[];
}

/** The series of one study: how far each is, whether it is sent at all, and what the input gate says of it. */
export function SeriesRows({ session, series, judged }: SeriesRowsProps) {
  const { t } = useTranslation("upload");
  const language = useLanguage();
  const choose = (uid: string, isSent: boolean) => {
    const next = new Set(session.leftOut);
    if (isSent) next.delete(uid);
    else next.add(uid);
    session.leaveOut(next);
  };
  return (
    <ul className={classes.series}>
      {series.map((one) => {
        const server = judged.find(({ series_instance_uid }) => series_instance_uid === one.series_instance_uid);
        const look = server?.verdict ? VERDICT[server.verdict] : null;
        const name = one.series_description ?? t("study:seriesNumber", { number: one.series_number ?? "—" });
        return (
          <li key={one.series_instance_uid} className={classes.seriesRow} data-testid="upload-series">
            <Checkbox
              size="xs"
              checked={!one.left_out}
              disabled={one.done_count >= one.image_count}
              onChange={(event) => choose(one.series_instance_uid, event.currentTarget.checked)}
              label={[one.modality, name].filter(Boolean).join(" · ")}
            />
            <span className={`${classes.muted} tabular`}>
              {one.left_out ? t("leftOut") : t("seriesOf", { done: one.done_count, total: one.image_count })}
            </span>
            {look !== null && server?.verdict && (
              <Tag tone={look.tone} icon={look.icon} plain>
                {t(`study:verdict.${server.verdict}`)}
              </Tag>
            )}
            {server?.verdict !== "usable" &&
              server?.reasons.map((reason) => (
                <span key={reason.code} className={`${classes.muted} ${classes.reason}`}>
                  {inLanguage(reason, language)}
                </span>
              ))}
          </li>
        );
      })}
    </ul>
  );
}
