import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import type { Finding, Series, StudyDetail } from "../api/types";
import { drawThumbnail } from "./imageLoading";
import { slicesOf } from "./slices";
import classes from "./viewer.module.css";

function SeriesPicture({ study, series }: { study: StudyDetail; series: Series }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const slices = slicesOf(study, series);
  const imageId = slices[Math.floor(slices.length / 2)]?.imageId;
  useEffect(() => {
    if (canvas.current !== null && imageId !== undefined) void drawThumbnail(canvas.current, imageId);
  }, [imageId]);
  return <canvas ref={canvas} width={72} height={72} aria-hidden />;
}

export interface SeriesStripProps {
  study: StudyDetail;
  findings: readonly Finding[];
  current: string | null;
  onOpen: (seriesInstanceUid: string) => void;
}

export function SeriesStrip({ study, findings, current, onOpen }: SeriesStripProps) {
  const { t } = useTranslation("viewer");
  return (
    <div className={classes.strip} role="group" aria-label={t("series")}>
      {study.series
        .filter((series) => series.instances.length > 0)
        .map((series) => {
          const uid = series.series_instance_uid;
          const flagged = findings.filter((each) => each.series_instance_uid === uid && each.status !== "rejected").length;
          const name = series.description ?? series.modality;
          return (
            <button
              key={uid}
              type="button"
              className={classes.seriesCard}
              aria-pressed={uid === current}
              data-series-instance-uid={uid}
              title={name}
              onClick={() => onOpen(uid)}
            >
              <SeriesPicture study={study} series={series} />
              {flagged > 0 && <span className={classes.flagged}>AI {flagged}</span>}
              <span className={classes.seriesName}>{name}</span>
              <span className={classes.seriesCount}>{t("images", { count: series.instances.length })}</span>
            </button>
          );
        })}
    </div>
  );
}
