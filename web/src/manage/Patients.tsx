import { Button, Select } from "@mantine/core";
import { IconArrowBackUp, IconArrowsJoin2, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMergePatients, useUndoMerge } from "../api/manageHooks";
import type { Management, ManagedPatient, PatientMerge } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatInstant, formatPersonName } from "../ui/format";
import { Panel } from "../ui/Panel";
import { EmptyState } from "../ui/states";
import { useNow } from "../ui/useNow";
import { ReasonModal } from "./ReasonModal";
import classes from "./manage.module.css";

/** Both records beside each other; what differs says so in words. */
function Comparison({ from, into }: { from: ManagedPatient; into: ManagedPatient }) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const sex = (one: ManagedPatient) =>
    one.sex === "F" || one.sex === "M" || one.sex === "O" ? t(`common:sex.${one.sex}`) : "—";
  const rows = [
    [t("merge.number"), from.patient_id, into.patient_id],
    [t("merge.name"), formatPersonName(from.name, language), formatPersonName(into.name, language)],
    [t("merge.birthDate"), formatDate(from.birth_date) ?? "—", formatDate(into.birth_date) ?? "—"],
    [t("merge.sex"), sex(from), sex(into)],
  ] as const;
  return (
    <table className={classes.comparison}>
      <thead>
        <tr>
          <th />
          <th scope="col">{t("merge.from")}</th>
          <th scope="col">{t("merge.into")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, left, right]) => (
          <tr key={what} data-differs={left !== right || undefined}>
            <th scope="row">
              {what}
              {left !== right && <span className={classes.differs}> {t("merge.differs")}</span>}
            </th>
            <td>{left}</td>
            <td>{right}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Patients({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const now = useNow();
  const merge = useMergePatients();
  const undo = useUndoMerge();
  const [fromId, setFrom] = useState<string | null>(null);
  const [intoId, setInto] = useState<string | null>(null);
  const [comparing, setComparing] = useState(false);
  const [undoing, setUndoing] = useState<PatientMerge | null>(null);
  const find = (id: string | null) => management.patients.find((one) => one.id === id);
  const [from, into] = [find(fromId), find(intoId)];
  const choices = management.patients.map((one) => ({
    value: one.id,
    label: `${formatPersonName(one.name, language)} · ${one.patient_id}`,
  }));
  const closeComparison = () => {
    setComparing(false);
    merge.reset();
  };
  const closeUndo = () => {
    setUndoing(null);
    undo.reset();
  };
  return (
    <div className={classes.stack}>
      {management.may.merge_patients && (
        <Panel title={t("merge.title")}>
          <p className={classes.said}>{t("merge.text")}</p>
          <div className={classes.fields}>
            <Select label={t("merge.from")} searchable clearable data={choices} value={fromId} onChange={setFrom} />
            <Select label={t("merge.into")} searchable clearable data={choices} value={intoId} onChange={setInto} />
          </div>
          <div className={classes.submit}>
            <Button
              leftSection={<IconArrowsJoin2 size={16} />}
              disabled={from === undefined || into === undefined || from.id === into.id}
              onClick={() => setComparing(true)}
            >
              {t("merge.compare")}
            </Button>
          </div>
        </Panel>
      )}
      <Panel flush title={t("merge.history")}>
        {management.merges.length === 0 ? (
          <EmptyState icon={IconUsers} title={t("merge.none")} />
        ) : (
          <ul className={classes.rows}>
            {management.merges.map((one) => (
              <li key={one.id} className={classes.row}>
                <div className={classes.what}>
                  <div>
                    {formatPersonName(one.from_patient.name, language)} {one.from_patient.patient_id} →{" "}
                    {formatPersonName(one.into_patient.name, language)} {one.into_patient.patient_id}
                  </div>
                  <div className={classes.muted}>
                    {formatInstant(one.merged_at, now, language)} · {t("merge.moved", { count: one.study_count })} · {one.reason}
                  </div>
                </div>
                <div className={classes.actions}>
                  {one.undone_at !== null ? (
                    <span className={classes.muted}>{t("merge.undone")}</span>
                  ) : (
                    management.may.merge_patients && (
                      <Button
                        size="xs"
                        variant="default"
                        leftSection={<IconArrowBackUp size={14} />}
                        onClick={() => setUndoing(one)}
                      >
                        {t("merge.undo")}
                      </Button>
                    )
                  )}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {comparing && from !== undefined && into !== undefined && (
        <ReasonModal
          title={t("merge.confirmTitle")}
          text={t("merge.text")}
          action={t("merge.action")}
          pending={merge.isPending}
          error={merge.error}
          onClose={closeComparison}
          onConfirm={(reason) =>
            merge.mutate(
              { from_patient_id: from.id, into_patient_id: into.id, reason },
              { onSuccess: () => { closeComparison(); setFrom(null); setInto(null); } },
            )
          }
        >
          <Comparison from={from} into={into} />
        </ReasonModal>
      )}
      {undoing !== null && (
        <ReasonModal
          title={t("merge.undoTitle")}
          text={t("merge.undoText")}
          action={t("merge.undo")}
          pending={undo.isPending}
          error={undo.error}
          onClose={closeUndo}
          onConfirm={(reason) => undo.mutate({ id: undoing.id, reason }, { onSuccess: closeUndo })}
        />
      )}
    </div>
  );
}
