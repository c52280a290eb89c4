import { useTranslation } from "react-i18next";

import { useMe, useSetPreferences } from "../api/hooks";
import type { Language } from "../api/types";
import classes from "./frame.module.css";
import { showLanguage, useLanguage } from "./i18n";

const CHOICES: readonly { language: Language; mark: string; name: string }[] = [
  { language: "zh-CN", mark: "中", name: "简体中文" },
  { language: "en", mark: "EN", name: "English" },
];

/** Changes the words at once; where somebody is signed in, it becomes that user's setting. */
export function LanguageSwitch({ onLight = false }: { onLight?: boolean }) {
  const { t } = useTranslation();
  const me = useMe();
  const save = useSetPreferences();
  const current = useLanguage();

  const choose = (language: Language) => {
    void showLanguage(language);
    if (me.data && !me.data.must_change_password) save.mutate({ language });
  };
  return (
    <div className={classes.languages} role="group" aria-label={t("menu.language")} data-on-light={onLight || undefined}>
      {CHOICES.map(({ language, mark, name }) => (
        <button
          key={language}
          type="button"
          lang={language}
          className={classes.language}
          aria-pressed={current === language}
          aria-label={`${mark} ${name}`}
          title={name}
          onClick={() => choose(language)}
        >
          {mark}
        </button>
      ))}
    </div>
  );
}
