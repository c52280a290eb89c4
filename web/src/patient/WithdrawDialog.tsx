import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Visit } from "../api/visit";
import { WordsDialog } from "../consents/WordsDialog";

export interface WithdrawDialogProps {
  visit: Visit;
  opened: boolean;
  onClose: () => void;
  onDone: () => void;
}

/** The patient takes the consent back; a reason is welcome, not asked for (GDPR 7(3), PIPL 15: as easy as giving it). */
export function WithdrawDialog({ visit, opened, onClose, onDone }: WithdrawDialogProps) {
  const { t } = useTranslation("visit");
  const withdraw = useMutation({ mutationFn: visit.withdraw, onSuccess: onDone });
  return (
    <WordsDialog
      opened={opened}
      onClose={onClose}
      title={t("withdraw.title")}
      text={t("withdraw.text")}
      label={t("withdraw.reason")}
      confirm={t("withdraw.button")}
      isDanger
      isOptional
      step={withdraw}
      onSay={(reason) => withdraw.mutate(reason)}
    />
  );
}
