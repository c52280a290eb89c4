import { Button } from "@mantine/core";
import { IconSignature, IconVideo } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import type { Consult } from "../api/types";
import { AppointmentLine } from "../calendar/AppointmentLine";
import { BookingDialog } from "../calendar/BookingDialog";
import { RaiseCritical } from "../critical/RaiseCritical";
import classes from "./consults.module.css";
import { ReasonDialog } from "./ReasonDialog";
import { CONSULT_EVENT, ROOM_OPEN } from "./status";
import { useConsultSteps } from "./useConsultSteps";

const VARIANT = { primary: "filled", default: "default", danger: "light" } as const;

/** The door to the room and every step that this user may take now; the server names them. */
export function ConsultActions({ consult }: { consult: Consult }) {
  const { t } = useTranslation("consult");
  const navigate = useNavigate();
  const room = `/room/${consult.id}`;
  const steps = useConsultSteps(consult, (event) => {
    if (event === "start" || event === "resume") void navigate(room);
    // Whoever declines or returns a request has no part in it any more.
    if (event === "decline" || event === "return") void navigate("/");
  });
  const offered = consult.possible_events.filter((event) => CONSULT_EVENT[event]?.offered);
  const startsRoom = offered.includes("start") || offered.includes("resume");
  const roomOpen = ROOM_OPEN.has(consult.status);
  return (
    <div className={classes.actions}>
      <AppointmentLine consult={consult} />
      {roomOpen && !consult.may_enter_room && <div className={classes.muted}>{t("looksOn")}</div>}
      {roomOpen && consult.may_enter_room && !startsRoom && (
        <div className={classes.room}>
          <Button component={Link} to={room} fullWidth leftSection={<IconVideo size={18} />}>
            {t("enterRoom")}
          </Button>
        </div>
      )}
      {offered.map((event) => {
        const { icon: Symbol, weight } = CONSULT_EVENT[event];
        return (
          <Button
            key={event}
            fullWidth
            variant={VARIANT[weight]}
            color={weight === "danger" ? "signal" : "petrol"}
            leftSection={<Symbol size={16} />}
            disabled={steps.isPending}
            onClick={() => steps.ask(event)}
          >
            {t(`event.${event}`)}
          </Button>
        );
      })}
      {consult.possible_events.includes("sign") && (
        <Button component="a" href="#report" fullWidth leftSection={<IconSignature size={16} />}>
          {t("writeAndSign")}
        </Button>
      )}
      <RaiseCritical consultId={consult.id} fullWidth />
      {offered.length === 0 && !roomOpen && !consult.possible_events.includes("sign") && <div className={classes.muted}>{t(`waitFor.${consult.status}`)}</div>}
      <ReasonDialog steps={steps} />
      <BookingDialog
        consult={consult}
        opened={steps.asking !== null && CONSULT_EVENT[steps.asking].ask === "time"}
        onClose={steps.dismiss}
      />
    </div>
  );
}
