import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Appointment, Phase, Visit } from "../api/visit";
import { useLanguage } from "../app/i18n";
import { LanguageSwitch } from "../app/LanguageSwitch";
import { DeviceCheck } from "../room/DeviceCheck";
import { LocalMedia } from "../room/localMedia";
import { useDeviceNews } from "../room/useDeviceNews";
import { institutionName } from "../ui/institution";
import { PatientCall } from "./PatientCall";
import classes from "./visit.module.css";

export interface PatientRoomProps {
  visit: Visit;
  appointment: Appointment;
  onPhase: (phase: Phase) => void;
  onChanged: () => void;
}

/** First camera and microphone, then the waiting room and the call. */
export function PatientRoom({ visit, appointment, onPhase, onChanged }: PatientRoomProps) {
  const { t } = useTranslation("visit");
  const language = useLanguage();
  const [media] = useState(() => new LocalMedia());
  const [hasJoined, setJoined] = useState(false);
  useDeviceNews(media, hasJoined);
  useEffect(() => {
    void media.open();
    return () => media.close();
  }, [media]);
  if (hasJoined) {
    return (
      <PatientCall
        visit={visit}
        appointment={appointment}
        media={media}
        onPhase={onPhase}
        onChanged={onChanged}
        onLeave={() => {
          setJoined(false);
          onPhase("left");
        }}
      />
    );
  }
  return (
    <div className={classes.check}>
      <DeviceCheck
        about={
          <>
            <div className={classes.checkLanguages}>
              <LanguageSwitch onLight />
            </div>
            <p className={classes.muted}>
              {t("check.with", {
                names: appointment.doctors
                  .map((doctor) => `${doctor.display_name} (${institutionName(doctor.institution, language)})`)
                  .join(" · "),
              })}
            </p>
          </>
        }
        goOnWords={t("check.goOn")}
        media={media}
        onJoin={() => setJoined(true)}
        isJoining={false}
      />
    </div>
  );
}
