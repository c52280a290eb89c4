import type { Language } from "../api/types";

/** Of the words of `recording.consent` in both languages: raised whenever they change. Kept with each answer. */
const VERSION = 1;

/** Which words somebody read before they answered. */
export const consentText = (language: Language) => `${VERSION}.${language}`;
