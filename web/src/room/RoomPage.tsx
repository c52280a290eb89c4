/** /room/:consultId: first the devices, then the room. */
import { Button, Center } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { usePollMs } from "../api/events";
import { useConsult, useConsultEvent } from "../api/hooks";
import type { Consult } from "../api/types";
import { ROOM_OPEN } from "../consults/status";
import { PatientLine } from "../ui/PatientLine";
import { ErrorState, LoadingState } from "../ui/states";
import { ConsultRoom } from "./ConsultRoom";
import { DeviceCheck } from "./DeviceCheck";
import { LineCheck } from "./LineCheck";
import { LocalMedia } from "./localMedia";
import classes from "./room.module.css";
import { RoomClosed } from "./RoomClosed";
import { useDeviceNews } from "./useDeviceNews";

function Room({ consult }: { consult: Consult }) {
  const { t } = useTranslation();
  const [media] = useState(() => new LocalMedia());
  const [hasJoined, setJoined] = useState(false);
  const event = useConsultEvent(consult.id);
  useDeviceNews(media, hasJoined);

  useEffect(() => {
    void media.open();
    return () => media.close();
  }, [media]);

  const join = () => {
    const opening = (["start", "resume"] as const).find((each) => consult.possible_events.includes(each));
    if (opening === undefined) {
      setJoined(true);
      return;
    }
    // Somebody who entered a moment earlier may have started it: the room is open either way.
    event.mutate({ event: opening, version: consult.version }, { onSettled: () => setJoined(true) });
  };
  return hasJoined ? (
    <ConsultRoom consult={consult} media={media} />
  ) : (
    <DeviceCheck
      about={
        <>
          <PatientLine patient={consult.patient} />
          <p className={classes.question}>{consult.question}</p>
        </>
      }
      line={<LineCheck />}
      instead={
        <Button component={Link} to={`/consults/${consult.id}`} variant="subtle" color="gray">
          {t("room:notNow")}
        </Button>
      }
      goOnWords={t("room:fault.goOn")}
      media={media}
      onJoin={join}
      isJoining={event.isPending}
    />
  );
}

export function RoomPage() {
  const { t } = useTranslation();
  const { consultId } = useParams();
  const consult = useConsult(consultId, usePollMs());
  if (consult.isPending) return <LoadingState rows={8} />;
  if (consult.isLoadingError) {
    return (
      <Center mih="100dvh">
        <div>
          <ErrorState error={consult.error} onRetry={() => void consult.refetch()} />
          <Center>
            <Button component={Link} to="/" variant="default">
              {t("home")}
            </Button>
          </Center>
        </div>
      </Center>
    );
  }
  if (!ROOM_OPEN.has(consult.data.status)) return <RoomClosed consult={consult.data} words={t("room:over")} />;
  if (!consult.data.may_enter_room) return <RoomClosed consult={consult.data} words={t("consult:looksOn")} />;
  return <Room key={consult.data.id} consult={consult.data} />;
}
