import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { BrandMark } from "../app/Brand";
import { LanguageSwitch } from "../app/LanguageSwitch";
import classes from "./visit.module.css";

/** One column that reads well on a phone, with the languages at its top. */
export function VisitFrame({ title, children }: { title?: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={classes.page}>
      <header className={classes.top}>
        <span className={classes.brand}>
          <BrandMark size={24} />
          {t("product")}
        </span>
        <LanguageSwitch />
      </header>
      <main className={classes.main}>
        {title !== undefined && <h1 className={classes.title}>{title}</h1>}
        {children}
      </main>
    </div>
  );
}
