/** The measurements of the open study: where they are, what they say; to go to, to name, to delete. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconArrowForwardUp, IconClearAll, IconPencil, IconTrash, IconX } from "@tabler/icons-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { remove, steps } from "./measurements";
import { linesOf } from "./measuring";
import classes from "./measurements.module.css";
import { roomMarks } from "./roomMarks";
import type { StudyMeasurement } from "./studyMeasurements";

function NameField({ measurement, onDone }: { measurement: StudyMeasurement; onDone: () => void }) {
  const { t } = useTranslation("viewer");
  const keep = (text: string) => {
    // An arrow without its text would point at nothing said.
    if (measurement.kind !== "arrow" || text !== "") measurement.change?.rename(text);
    onDone();
  };
  return (
    <input
      className={classes.name}
      aria-label={t("measurements.name")}
      defaultValue={measurement.label}
      maxLength={80}
      autoFocus
      onBlur={(event) => keep(event.currentTarget.value.trim())}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") onDone();
      }}
    />
  );
}

export interface MeasurementListProps {
  measurements: readonly StudyMeasurement[];
  onGoTo: (measurement: StudyMeasurement) => void;
  onUndo: () => void;
  onRedo: () => void;
  onClose: () => void;
}

export function MeasurementList({ measurements, onGoTo, onUndo, onRedo, onClose }: MeasurementListProps) {
  const { t } = useTranslation("viewer");
  const { t: common } = useTranslation();
  const room = useSyncExternalStore(roomMarks.subscribe, roomMarks.get);
  const { clear } = room;
  const own = measurements.filter(({ change }) => change !== null);
  const { canUndo, canRedo } = useSyncExternalStore(steps.subscribe, steps.get);
  const [naming, setNaming] = useState<string | null>(null);
  const actions = [
    { label: t("measurements.undo"), keys: "Ctrl+Z", icon: IconArrowBackUp, onClick: onUndo, disabled: !canUndo },
    { label: t("measurements.redo"), keys: "Ctrl+Shift+Z", icon: IconArrowForwardUp, onClick: onRedo, disabled: !canRedo },
    {
      label: t("measurements.removeAll"),
      keys: null,
      icon: IconTrash,
      onClick: () => {
        remove(own.filter(({ owner }) => owner === null).map(({ uid }) => uid));
        room.remove(own.filter(({ owner }) => owner !== null).map(({ uid }) => uid));
      },
      disabled: own.length === 0,
    },
    ...(clear === null
      ? []
      : [{ label: t("measurements.clear"), keys: null, icon: IconClearAll, onClick: clear, disabled: measurements.length === 0 }]),
    { label: common("close"), keys: null, icon: IconX, onClick: onClose, disabled: false },
  ];
  return (
    <aside className={classes.panel} aria-label={t("measurements.title")}>
      <div className={classes.head}>
        <h3>{t("measurements.title")}</h3>
        {actions.map(({ label, keys, icon: Symbol, onClick, disabled }) => (
          <Tooltip key={label} label={keys === null ? label : `${label} (${keys})`}>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} disabled={disabled} onClick={onClick}>
              <Symbol size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        ))}
      </div>
      {measurements.length === 0 && <p className={classes.empty}>{t("measurements.empty")}</p>}
      <ol className={classes.list}>
        {measurements.map((each) => (
          <li key={each.uid} data-kind={each.kind}>
            {naming === each.uid ? (
              <NameField measurement={each} onDone={() => setNaming(null)} />
            ) : (
              <button type="button" className={classes.entry} onClick={() => onGoTo(each)}>
                <span className={classes.where}>
                  {each.owner !== null && (
                    <strong style={{ color: each.owner.colour }}>{each.owner.name} · </strong>
                  )}
                  {t(`tool.${each.kind}`)} · {t("measurements.at", { series: each.series, slice: each.index + 1 })}
                </span>
                {(each.measured === null ? [each.label] : linesOf(each.measured, each.label, t)).map((line) => (
                  <span key={line}>{line}</span>
                ))}
              </button>
            )}
            {each.change !== null && (
              <>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t("measurements.rename")}
                  onClick={() => setNaming(each.uid)}
                >
                  <IconPencil size={15} aria-hidden />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t("measurements.delete")}
                  onClick={each.change.remove}
                >
                  <IconTrash size={15} aria-hidden />
                </ActionIcon>
              </>
            )}
          </li>
        ))}
      </ol>
    </aside>
  );
}
