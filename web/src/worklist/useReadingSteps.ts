import { notifications } from "@mantine/notifications";

import { useAssign, useMarkRead, type Reading } from "../api/worklistHooks";
import { useProblemText } from "../ui/problem";

/** Takes a study, gives it away, marks it; a refusal is said in a notice, and what is shown is asked for again. */
export function useReadingSteps(uid: string, reading: Reading | null) {
  const assigning = useAssign();
  const marking = useMarkRead();
  const say = useProblemText();
  const onError = (error: unknown) => notifications.show({ color: "signal", message: say(error) });
  return {
    isPending: assigning.isPending || marking.isPending,
    assign: (to: string | null) =>
      assigning.mutate({ uid, to, was: reading?.assigned_to?.id ?? null }, { onError }),
    mark: (isRead: boolean) => marking.mutate({ uid, isRead }, { onError }),
  };
}
