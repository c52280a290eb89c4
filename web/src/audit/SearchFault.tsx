import { IconUserSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { EmptyState, ErrorState } from "../ui/states";

/** Why a search found nothing: the number is no patient's of the own institution, or it failed. */
export function SearchFault({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation("audit");
  return error instanceof ApiError && error.status === 404 ? (
    <EmptyState icon={IconUserSearch} title={t("noPatient")} text={t("noPatientText")} />
  ) : (
    <ErrorState error={error} onRetry={onRetry} />
  );
}
