import type { Institution, Language } from "../api/types";

/** An institution's name in the user's language, or the other one where that is missing. */
export function institutionName(institution: Institution | null | undefined, language: Language): string {
  if (!institution) return "";
  const [own, other] =
    language === "en" ? [institution.name_en, institution.name_zh] : [institution.name_zh, institution.name_en];
  return own || other;
}
