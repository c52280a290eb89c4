import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Consult } from "../api/types";
import { useLanguage } from "../app/i18n";
import { ConsultStatusTag, UrgencyTag } from "../consults/ConsultTags";
import { ReasonDialog } from "../consults/ReasonDialog";
import { useConsultSteps } from "../consults/useConsultSteps";
import { Ago } from "../ui/Ago";
import { institutionName } from "../ui/institution";
import { PatientLine } from "../ui/PatientLine";
import classes from "./worklist.module.css";

export interface ConsultRowProps {
  consult: Consult;
  /** Whose name the row shows: the side that is not mine. */
  counterpart: "requester" | "specialist";
}

export function ConsultRow({ consult, counterpart }: ConsultRowProps) {
  const { t } = useTranslation("worklist");
  const language = useLanguage();
  const steps = useConsultSteps(consult);
  const person = counterpart === "requester" ? consult.requested_by : consult.specialist;
  const mayAccept = consult.possible_events.includes("accept");
  const mayDecline = consult.possible_events.includes("decline");
  return (
    <li className={classes.row} data-urgency={consult.urgency}>
      <div className={classes.urgency}>
        <UrgencyTag urgency={consult.urgency} />
      </div>
      <Link to={`/consults/${consult.id}`} className={classes.main}>
        <PatientLine patient={consult.patient} />
      </Link>
      <div className={classes.question}>{consult.question}</div>
      <div className={classes.small}>
        {person === null ? (
          <span className={classes.muted}>
            {t("toSpecialty", {
              specialty: t(`common:specialty.${consult.specialty}`, { defaultValue: consult.specialty }),
            })}
          </span>
        ) : (
          <>
            <div>{person.display_name}</div>
            <div className={classes.muted}>{institutionName(person.institution, language)}</div>
          </>
        )}
      </div>
      <div className={classes.small}>
        <span className={`${classes.muted} ${classes.waitedWord}`}>{t("waited")} </span>
        <Ago since={consult.created_at} />
      </div>
      <div className={classes.status}>
        <ConsultStatusTag status={consult.status} />
      </div>
      <div className={classes.actions}>
        {mayDecline && (
          <Button size="xs" variant="default" onClick={() => steps.ask("decline")} disabled={steps.isPending}>
            {t("consult:event.decline")}
          </Button>
        )}
        {mayAccept ? (
          <Button size="xs" onClick={() => steps.ask("accept")} loading={steps.isPending}>
            {t("consult:event.accept")}
          </Button>
        ) : (
          <Button size="xs" variant="default" component={Link} to={`/consults/${consult.id}`}>
            {t("open")}
          </Button>
        )}
      </div>
      <ReasonDialog steps={steps} />
    </li>
  );
}
