/**
 * What is measured in a room is on all screens: this page's own goes out, the others' come in. It draws nothing
 * itself, and is a component because it comes with the viewer, which is loaded later than the room.
 */
import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { presents } from "../signaling/reducer";
import type { Session, SessionState } from "../signaling/session";
import { measurements, remove } from "../viewer/measurements";
import { NO_MARKS, roomMarks } from "../viewer/roomMarks";
import { colourOf } from "./colours";
import { toShared } from "./sharedMeasurement";

export interface SharedMeasurementsProps {
  session: Session | null;
  state: SessionState;
  studyUids: readonly string[];
}

export function SharedMeasurements({ session, state, studyUids }: SharedMeasurementsProps) {
  const { t } = useTranslation("room");
  const own = useSyncExternalStore(measurements.subscribe, measurements.get);
  const { status, rights, selfId, participants, measurements: shared, takenAway, error } = state;
  const isConnected = status === "connected";
  const mayMeasure = rights.includes("point");
  const isPresenter = presents(state);
  const studies = studyUids.join(" ");
  /** What the room was told last of each, as JSON. A room that we join anew is told again. */
  const told = useRef(new Map<string, string>());

  useEffect(() => {
    if (!isConnected) told.current.clear();
  }, [isConnected]);

  useEffect(() => {
    for (const id of takenAway) told.current.delete(id);
    const here = measurements.get().filter(({ uid }) => takenAway.includes(uid));
    if (here.length > 0) remove(here.map(({ uid }) => uid));
  }, [takenAway]);

  useEffect(() => {
    if (!isConnected || !mayMeasure || session === null) return;
    const uids = new Set(studies.split(" "));
    // As it stands now: what was taken away a moment ago is not told anew.
    const present = measurements.get();
    for (const each of present) {
      const measurement = toShared(each, uids);
      const text = JSON.stringify(measurement);
      if (measurement === null || told.current.get(each.uid) === text) continue;
      told.current.set(each.uid, text);
      session.sendMeasurement(measurement);
    }
    const gone = [...told.current.keys()].filter((id) => !present.some(({ uid }) => uid === id));
    for (const id of gone) told.current.delete(id);
    if (gone.length > 0) session.removeMeasurements(gone);
  }, [own, isConnected, mayMeasure, session, studies]);

  useEffect(() => {
    const drawnHere = new Set(own.map(({ uid }) => uid));
    const ids = participants.map(({ id }) => id);
    roomMarks.set({
      marks: Object.values(shared)
        .filter(({ measurement }) => !drawnHere.has(measurement.id))
        .map(({ measurement, ownerId, ownerName }) => ({
          measurement,
          name: ownerName,
          colour: colourOf(ownerId, ids),
          isOwn: ownerId === selfId,
        })),
      rename: ({ measurement }, label) => session?.sendMeasurement({ ...measurement, label }),
      remove: (gone) => session?.removeMeasurements(gone),
      clear: isPresenter
        ? () => {
            session?.step({ type: "clearMeasurements" });
            const uids = new Set(studies.split(" "));
            remove(measurements.get().flatMap((each) => (toShared(each, uids) === null ? [] : [each.uid])));
          }
        : null,
    });
  }, [shared, own, participants, selfId, session, isPresenter, studies]);
  useEffect(() => () => roomMarks.set(NO_MARKS), []);

  useEffect(() => {
    if (error?.code !== "too-many-measurements") return;
    notifications.show({ message: t("tooManyMeasurements"), color: "amber", position: "top-center" });
  }, [error, t]);
  return null;
}
