import { useState } from "react";

import { addresses } from "../api/client";
import type { StudySummary } from "../api/types";
import classes from "./studies.module.css";

/** A small picture of the study beside words that name it, so it says nothing to a screen reader. */
export function Thumbnail({ study }: { study: StudySummary }) {
  const [failed, setFailed] = useState(false);
  if (failed) {
    return (
      <span className={classes.thumb} aria-hidden>
        {study.modalities[0] ?? "—"}
      </span>
    );
  }
  return (
    <img
      className={classes.thumb}
      src={addresses.thumbnail(study.study_instance_uid)}
      alt=""
      loading="lazy"
      onError={() => setFailed(true)}
    />
  );
}
