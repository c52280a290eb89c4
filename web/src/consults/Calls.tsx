import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useCallQualities } from "../api/hooks";
import type { CallQuality } from "../api/types";
import { useLanguage } from "../app/i18n";
import { LINE_LOOKS } from "../room/lineLooks";
import { actorName, formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import { Tag } from "../ui/Tag";
import classes from "./consults.module.css";

const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;

/** How the calls of this consult went, for each who took part; nothing where there was none. */
export function Calls({ consultId }: { consultId: string }) {
  const { t } = useTranslation("consult");
  const calls = useCallQualities(consultId, usePollMs()).data ?? [];
  if (calls.length === 0) return null;
  return (
    <Panel title={t("calls.title")}>
      <ul className={classes.calls}>
        {calls.map((call) => (
          <Call key={`${call.user.id} ${call.started_at}`} call={call} />
        ))}
      </ul>
    </Panel>
  );
}

function Call({ call }: { call: CallQuality }) {
  const { t } = useTranslation("consult");
  const language = useLanguage();
  const facts = [
    t("calls.minutes", { count: Math.max(1, Math.round(call.seconds / 60)) }),
    call.rtt_ms.count > 0 && t("calls.rtt", { value: Math.round(call.rtt_ms.mean) }),
    call.loss_in.count > 0 && t("calls.lossIn", { value: percent(call.loss_in.mean) }),
    call.loss_out.count > 0 && t("calls.lossOut", { value: percent(call.loss_out.mean) }),
    call.freeze_count > 0 && t("calls.freezes", { count: call.freeze_count }),
  ];
  return (
    <li>
      <div className={classes.callHead}>
        <strong>{actorName(call.user)}</strong>
        <Tag {...LINE_LOOKS[call.word]} plain>
          {t(`room:line.of.${call.word}`)}
        </Tag>
      </div>
      <div className={`${classes.muted} tabular`}>
        {[formatInstant(call.started_at, new Date(), language), ...facts].filter(Boolean).join(" · ")}
      </div>
    </li>
  );
}
