import { notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

import { useDecideFinding } from "../api/hooks";
import type { DecisionStatus, Finding } from "../api/types";
import { useProblemText } from "../ui/problem";
import { mayDecide } from "./order";

export interface Decisions {
  decide: (finding: Finding, status: DecisionStatus, reason?: string) => void;
  pendingId: string | null;
}

/** Writes decisions; a refusal (somebody else was faster) is said, and the fresh state is fetched. */
export function useDecisions(): Decisions {
  const { t } = useTranslation("findings");
  const mutation = useDecideFinding();
  const say = useProblemText();
  return {
    pendingId: mutation.isPending ? mutation.variables.finding.id : null,
    decide: (finding, status, reason) => {
      if (mutation.isPending || (reason === undefined && !mayDecide(finding, status))) return;
      mutation.mutate(
        { finding, status, ...(reason === undefined ? {} : { reason }) },
        {
          onError: (error) =>
            notifications.show({ color: "signal", title: t("notDecided"), message: say(error) }),
        },
      );
    },
  };
}
