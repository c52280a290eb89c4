import { ActionIcon } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Consult } from "../api/types";
import { useKeys } from "../app/keys";
import { Panel } from "../ui/Panel";
import { PATIENT_KEY } from "./patientKey";
import { HistoryView } from "./HistoryView";

/** The patient's history beside what is worked on; folded away it stays so, on every consult. */
export function PatientSide({ consult }: { consult: Consult }) {
  const { t } = useTranslation("history");
  const [isOpen, setOpen] = useLocalStorage({ key: "teleconsult.patient-side", defaultValue: true });
  useKeys(useMemo(() => ({ [PATIENT_KEY]: () => setOpen((open) => !open) }), [setOpen]));
  const Arrow = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <Panel
      title={t("title")}
      actions={
        <ActionIcon
          size="sm"
          color="gray"
          aria-expanded={isOpen}
          aria-label={t("title")}
          title={`${t("side.key")} (${PATIENT_KEY.toUpperCase()})`}
          onClick={() => setOpen(!isOpen)}
        >
          <Arrow size={16} />
        </ActionIcon>
      }
    >
      {isOpen && <HistoryView consult={consult} />}
    </Panel>
  );
}
