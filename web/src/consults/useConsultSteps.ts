import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useConsultEvent } from "../api/hooks";
import type { Consult, ConsultEvent } from "../api/types";
import { useProblemText } from "../ui/problem";
import { CONSULT_EVENT } from "./status";

export interface ConsultSteps {
  /** The step that waits for a reason or a yes, if any. */
  asking: ConsultEvent | null;
  isPending: boolean;
  /** Take a step, or ask first where the table says so. */
  ask: (event: ConsultEvent) => void;
  take: (event: ConsultEvent, reason?: string) => void;
  dismiss: () => void;
}

/** Moves one consult along its table; a refusal is said in a notice and the fresh state is fetched. */
export function useConsultSteps(consult: Pick<Consult, "id" | "version">, onTaken?: (event: ConsultEvent) => void): ConsultSteps {
  const { t } = useTranslation("consult");
  const mutation = useConsultEvent(consult.id);
  const say = useProblemText();
  const [asking, setAsking] = useState<ConsultEvent | null>(null);

  const take = (event: ConsultEvent, reason?: string) => {
    mutation.mutate(
      { event, version: consult.version, ...(reason ? { reason } : {}) },
      {
        onSuccess: () => {
          setAsking(null);
          notifications.show({ color: "moss", message: t(`done.${event}`) });
          onTaken?.(event);
        },
        onError: (error) => {
          setAsking(null);
          notifications.show({ color: "signal", title: t(`event.${event}`), message: say(error) });
        },
      },
    );
  };
  return {
    asking,
    isPending: mutation.isPending,
    ask: (event) => (CONSULT_EVENT[event].ask === "nothing" ? take(event) : setAsking(event)),
    take,
    dismiss: () => setAsking(null),
  };
}
