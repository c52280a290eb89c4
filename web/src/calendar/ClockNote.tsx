import { useTranslation } from "react-i18next";

import { useClockAheadMs } from "../api/calendarHooks";
import { Note } from "../ui/Note";

const WORTH_A_WORD_MS = 60_000;

/** Says when this device's clock is wrong; what is shown and planned goes by the server's. */
export function ClockNote() {
  const { t } = useTranslation("calendar");
  const ahead = useClockAheadMs();
  if (Math.abs(ahead) <= WORTH_A_WORD_MS) return null;
  return (
    <Note tone="amber" title={t("clock.wrong", { count: Math.round(Math.abs(ahead) / 60_000) })}>
      {t("clock.text")}
    </Note>
  );
}
