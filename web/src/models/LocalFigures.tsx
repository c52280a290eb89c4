import { useTranslation } from "react-i18next";

import type { ModelReportCard } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatPercent } from "../ui/format";
import { institutionName } from "../ui/institution";
import classes from "./models.module.css";

/** What was read here, by site and scanner, and what readers made of it. */
export function LocalFigures({ card }: { card: ModelReportCard }) {
  const { t } = useTranslation("models");
  const language = useLanguage();
  const read = card.local[0]?.series ?? 0;
  return (
    <section>
      <h3 className={classes.heading}>{t("local.title")}</h3>
      {read === 0 ? (
        <p className={classes.muted}>{t("local.empty")}</p>
      ) : (
        // A table that is wider than a phone is moved by keyboard too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={classes.scroll} role="region" aria-label={t("local.title")} tabIndex={0}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th>{t("local.where")}</th>
                <th>{t("local.series")}</th>
                <th>{t("local.flags")}</th>
                <th>{t("local.cautions")}</th>
                <th>{t("local.accepted")}</th>
                <th>{t("local.interval")}</th>
              </tr>
            </thead>
            <tbody>
              {card.local.map((row) => {
                const decided = row.accepted + row.rejected;
                return (
                  <tr key={`${row.institution?.id ?? ""} ${row.scanner ?? ""}`}>
                    <td data-depth={row.scanner !== null ? 2 : row.institution !== null ? 1 : 0}>
                      {row.scanner ?? (row.institution ? institutionName(row.institution, language) : t("allSites"))}
                    </td>
                    <td>{row.series}</td>
                    <td>{(row.flags / Math.max(row.series, 1)).toFixed(2)}</td>
                    <td>{row.cautions}</td>
                    <td>{decided === 0 ? "–" : `${row.accepted} / ${decided}`}</td>
                    <td>{decided === 0 ? "–" : row.interval.map((end) => formatPercent(end)).join(" – ")}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <p className={classes.muted}>{t("local.floor", { floor: formatPercent(card.floor), count: card.least_decided })}</p>
    </section>
  );
}
