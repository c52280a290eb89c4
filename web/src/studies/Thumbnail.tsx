import { useState } from "react";

import { addresses } from "../api/client";
import type { Series, StudySummary } from "../api/types";
import classes from "./studies.module.css";

/** A small picture beside words that say what it is, so it says nothing to a screen reader. */
function Picture({ address, instead }: { address: string; instead: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) {
    return (
      <span className={classes.thumb} aria-hidden>
        {instead}
      </span>
    );
  }
  return <img className={classes.thumb} src={address} alt="" loading="lazy" onError={() => setFailed(true)} />;
}

export function Thumbnail({ study }: { study: StudySummary }) {
  return <Picture address={addresses.thumbnail(study.study_instance_uid)} instead={study.modalities[0] ?? "—"} />;
}

export function SeriesThumbnail({ study, series }: { study: StudySummary; series: Series }) {
  const address = addresses.seriesThumbnail(study.study_instance_uid, series.series_instance_uid);
  return <Picture address={address} instead={series.modality} />;
}
