import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useRinging } from "../api/ringHooks";
import { useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import { useNow } from "../ui/useNow";
import { countdown } from "./countdown";

/** To whoever waits: for how many the request rings, and whom it reaches next. */
export function RingingNote({ consultId }: { consultId: string }) {
  const { t } = useTranslation("ringing");
  const language = useLanguage();
  const now = useNow(1_000);
  const ringing = useRinging(consultId, usePollMs()).data;
  if (ringing === undefined || (ringing.rung === 0 && ringing.next === null)) return null;
  const { next } = ringing;
  const tells = (next?.tells ?? []).map((one) => t(`audience.${one}`));
  const left = next === null ? null : countdown(next.at, now);
  return (
    <Note tone={ringing.rung > ringing.not_me ? "moss" : "amber"} title={t("rings", { count: ringing.rung })}>
      {ringing.not_me > 0 && <div>{t("saidNotMe", { count: ringing.not_me })}</div>}
      {left !== null && (
        <div className="tabular">
          {t("next", { who: new Intl.ListFormat(language, { type: "conjunction" }).format(tells), left })}
        </div>
      )}
      {next === null && <div>{t("everybody")}</div>}
    </Note>
  );
}
