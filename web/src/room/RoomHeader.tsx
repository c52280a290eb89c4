import { IconLoader2, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Consult } from "../api/types";
import { LanguageSwitch } from "../app/LanguageSwitch";
import type { Session, SessionState } from "../signaling/session";
import { formatDate, formatPercent } from "../ui/format";
import { PatientLine } from "../ui/PatientLine";
import { Tag } from "../ui/Tag";
import { LineQuality } from "./LineQuality";
import { RecordingMark } from "./RecordingMark";
import classes from "./room.module.css";

const STATUS = {
  connecting: { tone: "petrol", icon: IconLoader2 },
  waiting: { tone: "petrol", icon: IconLoader2 },
  reconnecting: { tone: "amber", icon: IconPlugConnectedX },
  closed: { tone: "signal", icon: IconPlugConnectedX },
} as const;

export interface RoomHeaderProps {
  consult: Consult;
  session: Session | null;
  room: SessionState;
  studyInstanceUid: string | null;
  onStudy: (studyInstanceUid: string) => void;
}

/** Who the patient is, whether the call stands, and which of the consult's studies is on screen. */
export function RoomHeader({ consult, session, room, studyInstanceUid, onStudy }: RoomHeaderProps) {
  const { t } = useTranslation("room");
  const { status } = room;
  const letterOf = ({ study_instance_uid: uid }: Consult["studies"][number]) => {
    const letter = consult.study_letters[uid];
    return letter === undefined ? "" : `${letter} · `;
  };
  return (
    <header className={classes.header} data-connection={status}>
      <div className={classes.headerPatient}>
        <PatientLine patient={consult.patient} />
      </div>
      <nav className={classes.studies} aria-label={t("studies")}>
        {consult.studies.map((study) => {
          const { status: ai, progress, undecided_count: undecided } = study.ai;
          return (
            <button
              key={study.study_instance_uid}
              type="button"
              className={classes.study}
              aria-pressed={study.study_instance_uid === studyInstanceUid}
              data-study-instance-uid={study.study_instance_uid}
              title={[study.study_description, formatDate(study.study_date)].filter(Boolean).join(" · ")}
              onClick={() => onStudy(study.study_instance_uid)}
            >
              <span className={classes.studyName}>
                {letterOf(study)}
                {study.modalities.join("/")} · {study.study_description ?? formatDate(study.study_date)}
              </span>
              {(ai === "queued" || ai === "running") && (
                <span className={classes.studyAi}>{t("ai.running", { percent: formatPercent(progress) })}</span>
              )}
              {ai === "completed" && undecided > 0 && (
                <span className={classes.studyAi}>{t("ai.undecided", { count: undecided })}</span>
              )}
            </button>
          );
        })}
      </nav>
      <RecordingMark room={room} onStep={(step) => session?.step(step)} />
      <span className={classes.connection} role="status">
        {status === "connected" ? (
          <LineQuality session={session} />
        ) : (
          <Tag {...STATUS[status]}>{t(`connection.${status}`)}</Tag>
        )}
      </span>
      <span className={classes.headerLanguage}>
        <LanguageSwitch />
      </span>
    </header>
  );
}
