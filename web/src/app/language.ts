/** In which language the page begins, and its words: those of one language are fetched, with all namespaces. */
import type { Language } from "../api/types";

/** By namespace. */
type Words = Record<string, Record<string, unknown>>;

const LANGUAGES: readonly Language[] = ["zh-CN", "en"];

const FILES: Readonly<Record<Language, () => Promise<{ default: Words }>>> = {
  "zh-CN": () => import("../locales/zh-CN"),
  en: () => import("../locales/en"),
};
const REMEMBERED = "teleconsult.language";

export const wordsIn = async (language: Language): Promise<Words> => (await FILES[language]()).default;

/** What the browser asks for, until the user has a setting of their own. */
function browserLanguage(preferred: readonly string[]): Language {
  const first = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return first?.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}

export function firstLanguage(): Language {
  const value = localStorage.getItem(REMEMBERED);
  return LANGUAGES.find((language) => language === value) ?? browserLanguage(navigator.languages);
}

export function rememberLanguage(language: string): void {
  localStorage.setItem(REMEMBERED, language);
}
