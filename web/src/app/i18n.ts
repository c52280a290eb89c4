/** Words of the interface: one file for each namespace and language, all of them in the first bundle. */
import i18n, { type Resource } from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

import type { Language, Sentence } from "../api/types";

export const LANGUAGES: readonly Language[] = ["zh-CN", "en"];

const files = import.meta.glob<{ default: Record<string, unknown> }>("../locales/*/*.json", { eager: true });

function resources(): Resource {
  const all: Resource = {};
  for (const [path, module] of Object.entries(files)) {
    const [, language, namespace] = /locales\/([^/]+)\/([^/]+)\.json$/.exec(path) ?? [];
    if (language === undefined || namespace === undefined) continue;
    (all[language] ??= {})[namespace] = module.default;
  }
  return all;
}

/** What the browser asks for, until the user has a setting of their own. */
export function browserLanguage(preferred: readonly string[]): Language {
  const first = preferred.find((tag) => /^(zh|en)\b/i.test(tag));
  return first?.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}

const REMEMBERED = "teleconsult.language";

function rememberedLanguage(): Language | null {
  const value = localStorage.getItem(REMEMBERED);
  return LANGUAGES.find((language) => language === value) ?? null;
}

void i18n.use(initReactI18next).init({
  resources: resources(),
  lng: rememberedLanguage() ?? browserLanguage(navigator.languages),
  fallbackLng: "zh-CN",
  defaultNS: "common",
  interpolation: { escapeValue: false },
  returnNull: false,
});

function show(language: string) {
  document.documentElement.lang = language;
  localStorage.setItem(REMEMBERED, language);
}
show(i18n.language);
i18n.on("languageChanged", show);

/** Change the words on screen; the setting itself is the server's. */
export const showLanguage = (language: Language) => i18n.changeLanguage(language);

export function useLanguage(): Language {
  const { i18n: current } = useTranslation();
  return current.language === "en" ? "en" : "zh-CN";
}

/** The user's half of a sentence that came in both languages. */
export function inLanguage(sentence: Pick<Sentence, "en" | "zh">, language: Language): string {
  return language === "en" ? sentence.en : sentence.zh;
}

export { i18n };
