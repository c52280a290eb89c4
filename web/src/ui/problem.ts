import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { inLanguage, useLanguage } from "../app/i18n";

/** Says an error in the user's language: the server's own sentence first, then what the status tells. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation();
  const language = useLanguage();
  return (error) => {
    if (!(error instanceof ApiError)) return t("problem.unknown");
    if (error.sentence !== null) return inLanguage(error.sentence, language);
    if (error.status === 0) return t("problem.offline");
    if (error.status === 401) return t("problem.signedOut");
    if (error.status === 403) return t("problem.forbidden");
    if (error.status === 404) return t("problem.notFound");
    if (error.status === 409) return t("problem.conflict");
    if (error.status === 413) return t("problem.tooLarge");
    if (error.status >= 500) return t("problem.server");
    return t("problem.unknown");
  };
}
