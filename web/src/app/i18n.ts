/** Words of the interface: those of the language that is shown, and of another one when it is chosen. */
import i18n from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";

import type { Language, Sentence } from "../api/types";
import { firstLanguage, rememberLanguage, wordsIn } from "./language";

function tell(language: string) {
  document.documentElement.lang = language;
  rememberLanguage(language);
}

/** Before the first page is drawn. */
export async function startWords(): Promise<void> {
  const language = firstLanguage();
  await i18n.use(initReactI18next).init({
    resources: { [language]: await wordsIn(language) },
    lng: language,
    fallbackLng: false,
    defaultNS: "common",
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  tell(language);
  i18n.on("languageChanged", tell);
}

let wanted: Language | null = null;

/** Change the words on screen; the setting itself is the server's. Where they cannot be had the others stay. */
export async function showLanguage(language: Language): Promise<void> {
  wanted = language;
  if (!i18n.hasResourceBundle(language, "common")) {
    const words = await wordsIn(language).catch(() => null);
    if (words === null) return;
    for (const [namespace, ofIt] of Object.entries(words)) i18n.addResourceBundle(language, namespace, ofIt);
  }
  if (wanted === language) await i18n.changeLanguage(language);
}

export function useLanguage(): Language {
  const { i18n: current } = useTranslation();
  return current.language === "en" ? "en" : "zh-CN";
}

/** The user's half of a sentence that came in both languages. */
export function inLanguage(sentence: Pick<Sentence, "en" | "zh">, language: Language): string {
  return language === "en" ? sentence.en : sentence.zh;
}

export { i18n };
