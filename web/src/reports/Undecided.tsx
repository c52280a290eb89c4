import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Report } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import type { ReportEditorProps } from "./ReportEditor";
import classes from "./form.module.css";

/** The AI findings that nobody decided on, each with the way to it: until then nothing is signed. */
export function Undecided({ findings, onShowFinding }: { findings: Report["undecided"] } & Pick<ReportEditorProps, "onShowFinding">) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  return (
    <Note tone="amber" title={t("undecided", { count: findings.length })}>
      {t("undecidedBlocks")}
      <ul className={classes.named}>
        {findings.map(({ id, study_instance_uid, words }) => (
          <li key={id}>
            {onShowFinding === undefined ? (
              <Anchor component={Link} size="sm" to={`/studies/${study_instance_uid}?finding=${id}`}>
                {inLanguage(words, language)}
              </Anchor>
            ) : (
              <Anchor component="button" type="button" size="sm" onClick={() => onShowFinding(id)}>
                {inLanguage(words, language)}
              </Anchor>
            )}
          </li>
        ))}
      </ul>
    </Note>
  );
}
