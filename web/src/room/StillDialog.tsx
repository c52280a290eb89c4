/** Taking a still picture: aim, take, and keep it in the record, take it again or throw it away. */
import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Session, SessionState } from "../signaling/session";
import { StillAim } from "./StillAim";
import { StillReview, type TakenStill } from "./StillReview";
import { Dialog } from "../ui/Dialog";
import { newId } from "../ui/newId";
import { captureStill } from "./captureStill";
import type { StillChoice } from "./stillChoices";

export interface StillDialogProps {
  consultId: string;
  choices: readonly StillChoice[];
  session: Session | null;
  room: SessionState;
  /** Whose picture is wanted as large as there is; null: nobody's. */
  onAim: (participantId: string | null) => void;
  onClose: () => void;
}

type Fault = "refused" | "failed";

export function StillDialog({ consultId, choices, session, room, onAim, onClose }: StillDialogProps) {
  const { t } = useTranslation("still");
  const [taken, setTaken] = useState<TakenStill | null>(null);
  const [isTelling, setTelling] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  /** What was told and refused before this still was taken. */
  const before = useRef<Pick<SessionState, "lastStill" | "error">>(room);
  const { lastStill, error, selfId } = room;

  useEffect(() => () => onAim(null), [onAim]);

  // There is no still before everybody has been told.
  useEffect(() => {
    if (!isTelling || taken === null) return;
    const isNew = lastStill !== null && lastStill !== before.current.lastStill;
    if (isNew && lastStill.takenBy === selfId && lastStill.participantId === taken.choice.participantId) {
      setTelling(false);
    } else if (error !== null && error !== before.current.error && error.code === "nothing-shown") {
      setTelling(false);
      setTaken(null);
      setFault("refused");
    }
  }, [isTelling, taken, lastStill, error, selfId]);

  const take = async (choice: StillChoice, video: HTMLVideoElement) => {
    setFault(null);
    const ownCamera = choice.name === null ? (choice.stream.getVideoTracks()[0] ?? null) : null;
    const takenAt = new Date().toISOString();
    try {
      const picture = await captureStill(video, ownCamera);
      before.current = { lastStill, error };
      setTaken({ id: newId(), choice, picture, takenAt });
      setTelling(true);
      session?.step({ type: "takeStill", participantId: choice.participantId, source: choice.source });
    } catch {
      setFault("failed");
    }
  };
  return (
    <Dialog
      onClose={onClose}
      size="xl"
      title={t("title")}
      closeOnClickOutside={false}
    >
      {taken === null || isTelling ? (
        <StillAim choices={choices} isTelling={isTelling} fault={fault === null ? null : t(fault)} onAim={onAim} onTake={take} />
      ) : (
        <StillReview
          consultId={consultId}
          still={taken}
          onAgain={() => setTaken(null)}
          onDiscard={onClose}
          onKept={() => {
            notifications.show({ message: t("kept"), color: "moss", position: "top-center" });
            onClose();
          }}
        />
      )}
    </Dialog>
  );
}
