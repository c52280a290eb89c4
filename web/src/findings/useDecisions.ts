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
  /** False where it changes nothing, by what is known of the finding at this moment. */
  decide: (finding: Finding, status: DecisionStatus, reason?: string) => boolean;
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
      const key = keys.study(finding.study_instance_uid);
      // What the key saw may be older than the key before it, or than what the server has answered since.
      const known = () => client.getQueryData<StudyDetail>(key)?.findings.find(({ id }) => id === finding.id) ?? finding;
      if (reason === undefined && !mayDecide(known(), status)) return false;
      const show = () => {
        void client.cancelQueries({ queryKey: key });
        client.setQueryData<StudyDetail>(key, (study) => study && withFinding(study, { ...known(), status }));
      };
      show();
      last.current = last.current.then(async () => {
        // The answer to the decision before this one has led to the next version, and has shown that decision.
        show();
        const now = known();
        try {
          await mutation.mutateAsync({ finding: now, status, ...(reason === undefined ? {} : { reason }) });
        } catch (error) {
          notifications.show({ color: "signal", title: t("notDecided"), message: say(error) });
        }
      });
      return true;
    },
  };
}
