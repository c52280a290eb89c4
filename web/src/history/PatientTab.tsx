import { Drawer, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useConsultsOfStudy } from "../api/hooks";
import type { Consult } from "../api/types";
import { useKeys } from "../app/keys";
import { ConsultAbout } from "./ConsultAbout";
import classes from "./history.module.css";
import { HistoryView } from "./HistoryView";
import { PATIENT_KEY } from "./patientKey";

/** Where the reader's columns lie below each other, as in studyPage.module.css. */
const NARROW = "(max-width: 999px)";

/** The newest consult that is about this study and that the reader has a part in. */
export function useConsultOf(studyInstanceUid: string): Consult | null {
  return useConsultsOfStudy(studyInstanceUid).data?.[0] ?? null;
}

/** Beside the image: what AI found, or who the patient is; on a phone the patient comes as a sheet. */
export function PatientTab({ studyInstanceUid, children }: { studyInstanceUid: string; children: ReactNode }) {
  const { t } = useTranslation("history");
  const consult = useConsultOf(studyInstanceUid);
  const isNarrow = useMediaQuery(NARROW) ?? false;
  const [isPatient, setPatient] = useState(false);
  useKeys(useMemo(() => ({ [PATIENT_KEY]: () => setPatient((on) => !on) }), []), consult !== null);
  if (consult === null) return children;
  const patient = (
    <div className={classes.tab}>
      <ConsultAbout consult={consult} />
      <HistoryView consult={consult} />
    </div>
  );
  return (
    <div className={classes.tabs}>
      <SegmentedControl
        size="xs"
        mx={12}
        mb={6}
        aria-label={`${t("side.key")} (${PATIENT_KEY.toUpperCase()})`}
        value={isPatient ? "patient" : "findings"}
        onChange={(value) => setPatient(value === "patient")}
        data={[
          { value: "findings", label: t("side.findings") },
          { value: "patient", label: t("side.title") },
        ]}
      />
      <div className={classes.tabBody}>{isPatient && !isNarrow ? patient : children}</div>
      <Drawer
        opened={isPatient && isNarrow}
        onClose={() => setPatient(false)}
        position="bottom"
        size="70%"
        title={t("side.title")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {patient}
      </Drawer>
    </div>
  );
}
