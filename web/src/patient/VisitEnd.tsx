import { IconLinkOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { EmptyState } from "../ui/states";
import { LINK_ENDS } from "./linkEnds";
import { VisitFrame } from "./VisitFrame";

/** Why the link does not open, and what to do about it. */
export function VisitEnd({ code }: { code: string }) {
  const { t } = useTranslation("visit");
  const known = code in LINK_ENDS ? code : "link-unknown";
  return (
    <VisitFrame>
      <div role="alert" data-code={known}>
        <EmptyState icon={LINK_ENDS[known] ?? IconLinkOff} title={t(`end.${known}.title`)} text={t(`end.${known}.text`)} />
      </div>
    </VisitFrame>
  );
}
