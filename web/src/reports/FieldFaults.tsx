import { Anchor } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { FieldFault } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { Note } from "../ui/Note";
import classes from "./form.module.css";

function goTo(path: string) {
  const field = document.querySelector(`[data-path="${CSS.escape(path)}"]`);
  field?.scrollIntoView({ block: "center" });
  field?.querySelector<HTMLElement>("input, select, textarea")?.focus({ preventScroll: true });
}

/** What stands between the form and a signature, each with the way to its field. */
export function FieldFaults({ faults }: { faults: readonly FieldFault[] }) {
  const { t } = useTranslation("report");
  const language = useLanguage();
  return (
    <Note tone="amber" title={t("fieldsMissing", { count: faults.length })}>
      <ul className={classes.faults}>
        {faults.map((fault) => (
          <li key={`${fault.path} ${fault.en}`}>
            <Anchor component="button" type="button" size="sm" ta="start" onClick={() => goTo(fault.path)}>
              {inLanguage(fault, language)}
            </Anchor>
          </li>
        ))}
      </ul>
    </Note>
  );
}
