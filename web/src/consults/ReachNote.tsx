import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useReach } from "../api/institutionHooks";
import type { LegalRole } from "../api/types";
import { useLanguage } from "../app/i18n";
import { institutionName } from "../ui/institution";
import { Note } from "../ui/Note";
import { LoadingState } from "../ui/states";
import { reachOf } from "./reach";

export const AGREEMENTS_PAGE = "/institution";

/** Whom this request would reach, before it is submitted. */
export function ReachNote({ specialty, legalRole }: { specialty: string; legalRole: LegalRole }) {
  const { t } = useTranslation("consult");
  const language = useLanguage();
  const reach = useReach();
  if (reach.isPending) return <LoadingState rows={1} />;
  // The server says it again when the request is submitted; the form works without.
  if (reach.isError) return null;
  const { allowed, institutions, specialists } = reachOf(reach.data, specialty, legalRole);
  if (!allowed) {
    return (
      <Note tone="signal" title={t("reach.none")}>
        {t("reach.noneText")} <Link to={AGREEMENTS_PAGE}>{t("reach.agreements")}</Link>
      </Note>
    );
  }
  if (specialists === 0) return <Note tone="amber">{t("reach.nobody")}</Note>;
  const names = new Intl.ListFormat(language, { type: "conjunction" }).format(
    institutions.map((one) =>
      t("reach.place", { name: institutionName(one.institution, language), count: one.specialists }),
    ),
  );
  return <Note tone="petrol">{t("reach.some", { count: specialists, names })}</Note>;
}
