import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

import { useDecideFinding, withFinding } from "../api/findingHooks";
import { keys } from "../api/hooks";
import type { DecisionStatus, Finding, StudyDetail } from "../api/types";
import { useProblemText } from "../ui/problem";
import { mayDecide } from "./order";

export interface Decisions {
  decide: (finding: Finding, status: DecisionStatus, reason?: string) => void;
  pendingId: string | null;
}

/** Writes decisions in the order in which they were made, each shown at once: a reader's keys are faster than a server.
 *
 * A refusal (somebody else was faster) is said, and the fresh state is fetched.
 */
export function useDecisions(): Decisions {
  const { t } = useTranslation("findings");
  const client = useQueryClient();
  const mutation = useDecideFinding();
  const say = useProblemText();
  const last = useRef<Promise<unknown>>(Promise.resolve());
  return {
    pendingId: mutation.isPending ? mutation.variables.finding.id : null,
    decide: (finding, status, reason) => {
      if (reason === undefined && !mayDecide(finding, status)) return;
      const key = keys.study(finding.study_instance_uid);
      void client.cancelQueries({ queryKey: key });
      // Only its status: what the key saw may be older than what the server has answered since.
      client.setQueryData<StudyDetail>(key, (study) => {
        const known = study?.findings.find(({ id }) => id === finding.id);
        return study && known && withFinding(study, { ...known, status });
      });
      last.current = last.current.then(async () => {
        // The version that the decision before this one has led to.
        const now = client.getQueryData<StudyDetail>(key)?.findings.find(({ id }) => id === finding.id) ?? finding;
        try {
          await mutation.mutateAsync({ finding: now, status, ...(reason === undefined ? {} : { reason }) });
        } catch (error) {
          notifications.show({ color: "signal", title: t("notDecided"), message: say(error) });
        }
      });
    },
  };
}
