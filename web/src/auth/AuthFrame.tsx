import { IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { BrandMark } from "../app/Brand";
import { LanguageSwitch } from "../app/LanguageSwitch";
import classes from "./auth.module.css";

const POINTS = ["points.same", "points.ai", "points.report"] as const;

export interface AuthFrameProps {
  title: string;
  lead: string;
  children: ReactNode;
}

export function AuthFrame({ title, lead, children }: AuthFrameProps) {
  const { t } = useTranslation("auth");
  return (
    <div className={classes.page}>
      <aside className={classes.side}>
        <div className={classes.brand}>
          <BrandMark size={30} />
          {t("common:product")}
        </div>
        <div>
          <p className={classes.claim}>{t("claim")}</p>
          <ul className={classes.points}>
            {POINTS.map((point) => (
              <li key={point}>
                <IconCheck size={16} stroke={2.4} aria-hidden />
                {t(point)}
              </li>
            ))}
          </ul>
        </div>
        <div className={classes.fine}>{t("common:notDevice")}</div>
      </aside>
      <main className={classes.form}>
        <div className={classes.formTop}>
          <LanguageSwitch onLight />
        </div>
        <div className={classes.formBody}>
          <h1 className={classes.title}>{title}</h1>
          <p className={classes.lead}>{lead}</p>
          {children}
        </div>
      </main>
    </div>
  );
}
