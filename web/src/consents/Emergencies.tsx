import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useEmergencies } from "../api/consentHooks";
import { usePollMs } from "../api/events";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import classes from "./consents.module.css";
import { ReviewButton } from "./Consents";

/** Reasons that stood in for a consent and wait for this user's review; nothing where none do. */
export function Emergencies() {
  const { t } = useTranslation("consent");
  const language = useLanguage();
  const waiting = useEmergencies(usePollMs()).data ?? [];
  if (waiting.length === 0) return null;
  return (
    <Panel title={t("awaiting")}>
      <ul className={classes.list}>
        {waiting.map((one) => (
          <li key={one.consent_id} className={classes.one}>
            <div className={classes.head}>
              <Anchor component={Link} to={`/consults/${one.consult_id}`} size="sm">
                {t("common:patientId")} {one.patient_id}
              </Anchor>
              <span className={`${classes.muted} tabular`}>
                {[formatInstant(one.given_at, new Date(), language), one.recorded_by.display_name].join(" · ")}
              </span>
            </div>
            <div className={classes.said}>{one.reason}</div>
            <ReviewButton consultId={one.consult_id} consentId={one.consent_id} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
