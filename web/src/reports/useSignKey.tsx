import { notifications } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";

import type { Report } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { obstacleToSigning, type ReportAtHand } from "./maySign";

/** A page that leads to signing at once: /consults/ID?sign. */
export const SIGN_PARAM = "sign";

export interface SignKeyInput {
  atHand: ReportAtHand;
  undecided: Report["undecided"];
  /** Shows a finding where it lies; without it the study's page does. */
  onShowFinding: ((id: string) => void) | undefined;
  onReveal: (() => void) | undefined;
  onSign: () => void;
}

/** The key that signs: it opens the signing, or says what has to happen first and leads there. */
export function useSignKey({ atHand, undecided, onShowFinding, onReveal, onSign }: SignKeyInput): void {
  const { t } = useTranslation("report");
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const sign = () => {
    const obstacle = obstacleToSigning(atHand);
    onReveal?.();
    if (obstacle === null) {
      onSign();
      return;
    }
    const first = obstacle === "undecided" ? undecided[0] : undefined;
    const words = t(`sign.obstacle.${obstacle}`);
    const goTo = ({ id, study_instance_uid: study }: Report["undecided"][number]) => {
      notifications.hide(shown);
      if (onShowFinding !== undefined) onShowFinding(id);
      else void navigate(`/studies/${study}?finding=${id}`);
    };
    const shown = notifications.show({
      color: "amber",
      title: t("sign.notYet"),
      message:
        first === undefined ? (
          words
        ) : (
          <span>
            {words}{" "}
            <button type="button" onClick={() => goTo(first)}>
              {t("sign.toFirst")}
            </button>
          </span>
        ),
    });
  };
  useKeys({ [KEYS.findings.sign]: sign });
  const latest = useRef(sign);
  useEffect(() => {
    latest.current = sign;
  });
  const isAsked = search.has(SIGN_PARAM);
  useEffect(() => {
    if (!isAsked) return;
    setSearch(
      (now) => {
        now.delete(SIGN_PARAM);
        return now;
      },
      { replace: true },
    );
    latest.current();
  }, [isAsked, setSearch]);
}
