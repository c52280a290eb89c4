/** /room/:consultId: first the devices, then the room. */
import { Button, Center } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";

import { usePollMs } from "../api/events";
import { useConsult, useConsultEvent } from "../api/hooks";
import type { Consult } from "../api/types";
import { ROOM_OPEN } from "../consults/status";
import { ErrorState, LoadingState } from "../ui/states";
import { ConsultRoom } from "./ConsultRoom";
import { DeviceCheck } from "./DeviceCheck";
import { LocalMedia } from "./localMedia";
import { RoomOver } from "./RoomOver";
import { useDeviceNews } from "./useDeviceNews";

function Room({ consult }: { consult: Consult }) {
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
    <DeviceCheck consult={consult} media={media} onJoin={join} isJoining={event.isPending} />
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
  if (!ROOM_OPEN.has(consult.data.status)) return <RoomOver consult={consult.data} />;
  return <Room key={consult.data.id} consult={consult.data} />;
}
