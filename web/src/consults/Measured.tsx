/** What was measured in the room: by whom, in which study, and what it says. Nothing where nothing was. */
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useKeptMeasurements } from "../api/measurementHooks";
import type { Consult } from "../api/types";
import { formatDate } from "../ui/format";
import { Panel } from "../ui/Panel";
import { ErrorState } from "../ui/states";
import { linesOf } from "../viewer/measuring";
import classes from "./consults.module.css";

export function Measured({ consult }: { consult: Consult }) {
  const { t } = useTranslation("viewer");
  const kept = useKeptMeasurements(consult.id);
  if (kept.isLoadingError) return <ErrorState error={kept.error} onRetry={() => void kept.refetch()} />;
  if (kept.data === undefined || kept.data.length === 0) return null;
  return (
    <Panel flush title={t("measurements.inRoom")}>
      <ul className={classes.studies}>
        {kept.data.map(({ owner, measurement: { id, kind, label, measured, studyInstanceUid } }) => {
          const study = consult.studies.find((one) => one.study_instance_uid === studyInstanceUid);
          return (
            <li key={id} className={classes.study}>
              <div className={classes.studyName}>
                <div>
                  {t(`tool.${kind}`)} · {(measured === null ? [label] : linesOf(measured, label, t)).join(" · ")}
                </div>
                <div className={classes.muted}>
                  {owner.display_name} ·{" "}
                  <Link to={`/studies/${studyInstanceUid}`}>
                    {[study?.modalities.join(" / "), formatDate(study?.study_date ?? null)].filter(Boolean).join(" · ")}
                  </Link>
                </div>
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
