/**
 * Words for the codes of the audit log: actions, the names of details, and their values. They come with the privacy
 * officer's page and not with the words of all pages. A code that has none is shown as it is.
 */
import type { Language } from "../api/types";
import en from "./words/en.json";
import chinese from "./words/zh-CN.json";

type Words = Readonly<Record<string, string>>;

const WORDS: Readonly<Record<Language, { action: Words; field: Words; value: Readonly<Record<string, Words>> }>> = {
  en,
  "zh-CN": chinese,
};

export const actionWords = (action: string, language: Language): string => WORDS[language].action[action] ?? action;

export const fieldWords = (name: string, language: Language): string => WORDS[language].field[name] ?? name;

export const valueWords = (name: string, code: string, language: Language): string =>
  WORDS[language].value[name]?.[code] ?? code;
