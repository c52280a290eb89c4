/** In the place of the AI results while they are hidden: why they are, and the way to them. */
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { KEYS } from "../app/keyTable";
import { EmptyState } from "../ui/states";
import { HoldButton } from "./HoldButton";
import { useReaderFirst } from "./useReaderFirst";

export function HiddenAi({ studyInstanceUid }: { studyInstanceUid: string }) {
  const { t } = useTranslation("viewer");
  const { commit } = useReaderFirst(studyInstanceUid);
  return (
    <EmptyState
      icon={IconEyeOff}
      title={t("readerFirst.title")}
      text={t("readerFirst.text")}
      action={<HoldButton keyName={KEYS.readerFirst.commit} label={t("readerFirst.commit")} hint={t("readerFirst.hold")} onHeld={commit} />}
    />
  );
}
