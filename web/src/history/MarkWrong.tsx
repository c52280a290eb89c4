import { useTranslation } from "react-i18next";

import { useMarkHistoryWrong } from "../api/historyHooks";
import type { GivenRecord } from "../api/types";
import { ReasonModal } from "../manage/ReasonModal";

/** What was given wrongly stays, crossed out, with the reason. */
export function MarkWrong({ consultId, entry, onClose }: { consultId: string; entry: GivenRecord; onClose: () => void }) {
  const { t } = useTranslation("history");
  const mark = useMarkHistoryWrong(consultId);
  return (
    <ReasonModal
      title={t("wrongTitle")}
      text={t("wrongText")}
      action={t("wrongTitle")}
      pending={mark.isPending}
      error={mark.error}
      onConfirm={(reason) => mark.mutate({ id: entry.id, reason }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
