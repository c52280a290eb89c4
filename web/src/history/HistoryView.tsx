import { ActionIcon, Anchor, Button } from "@mantine/core";
import {
  IconAlertOctagon,
  IconArrowDown,
  IconArrowUp,
  IconCircleCheck,
  IconEraser,
  IconHelpCircle,
  IconPlus,
} from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { addresses } from "../api/client";
import { usePollMs } from "../api/events";
import { useHistory, useHistoryItems } from "../api/historyHooks";
import type { Consult, GivenRecord, HistoryItem } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatDate, formatInstant } from "../ui/format";
import { institutionName } from "../ui/institution";
import { ErrorState, LoadingState } from "../ui/states";
import { toneStyle } from "../ui/Tag";
import { AddHistory } from "./AddHistory";
import { recordName } from "./draft";
import classes from "./history.module.css";
import { MarkWrong } from "./MarkWrong";
import { rangeText, shownHistory, valueText, type ResultLine, type ShownHistory } from "./shown";

const NO_ITEMS: readonly HistoryItem[] = [];
const ALLERGY_LOOK = {
  named: { tone: "signal", icon: IconAlertOctagon },
  "none-known": { tone: "moss", icon: IconCircleCheck },
  "not-said": { tone: "amber", icon: IconHelpCircle },
} as const;

/** Allergies on top, then what is measured, ill and taken; who said it, and what was taken back. */
export function HistoryView({ consult }: { consult: Consult }) {
  const { id: consultId, patient, created_at: requestedAt } = consult;
  const { t } = useTranslation("history");
  const language = useLanguage();
  const query = useHistory(consultId, usePollMs());
  const [adding, setAdding] = useState(false);
  const [wrong, setWrong] = useState<GivenRecord | null>(null);
  if (query.isPending) return <LoadingState />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const { entries, earlier, numbers, may_add: mayAdd } = query.data;
  const onWrong = mayAdd ? setWrong : null;
  return (
    <div className={classes.view} data-testid="patient-history">
      <Shown shown={shownHistory(entries)} onWrong={onWrong} since={requestedAt} />
      {entries.length === 0 && <p className={classes.muted}>{t("nothing")}</p>}
      {earlier.length > 0 && (
        <details className={classes.details}>
          <summary>{t("earlier", { count: earlier.length })}</summary>
          <Shown shown={shownHistory(earlier)} onWrong={null} since={null} />
        </details>
      )}
      <dl className={classes.numbers}>
        <dt>{t("numbers")}</dt>
        {numbers.map((one) => (
          <dd key={`${one.institution.id} ${one.patient_id}`}>
            <span className="tabular">{one.patient_id}</span> · {institutionName(one.institution, language)}
          </dd>
        ))}
      </dl>
      <div className={classes.viewActions}>
        {mayAdd && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setAdding(true)}>
            {t("addMore")}
          </Button>
        )}
        {entries.length > 0 && (
          <Anchor size="xs" href={addresses.historyBundle(consultId)} download>
            {t("fhir.download")}
          </Anchor>
        )}
      </div>
      {adding && <AddHistory consultId={consultId} patient={patient} onClose={() => setAdding(false)} />}
      {wrong !== null && <MarkWrong consultId={consultId} entry={wrong} onClose={() => setWrong(null)} />}
    </div>
  );
}

interface ShownProps {
  shown: ShownHistory;
  onWrong: ((entry: GivenRecord) => void) | null;
  /** When the consult was asked for: what came later says who and when. Null: of other consults, all of it does. */
  since: string | null;
}

function Shown({ shown, onWrong, since }: ShownProps) {
  const { t } = useTranslation("history");
  const nameOf = useEntryName();
  const look = ALLERGY_LOOK[shown.allergyState];
  const line = (entry: GivenRecord, children: ReactNode) => (
    <Line key={entry.id} entry={entry} onWrong={onWrong} since={since}>
      {children}
    </Line>
  );
  const none = (of: "condition" | "medication") => shown.noneKnown.filter(({ record }) => record.of === of);
  const named = {
    condition: [
      ...shown.conditions.map((entry) =>
        line(
          entry,
          <>
            <span className={classes.name}>{nameOf(entry)}</span>
            {[entry.record.onset && t("sinceShown", { date: entry.record.onset.slice(0, 10) }), !entry.record.is_active && t("past.condition"), entry.record.note]
              .filter(Boolean)
              .map((part) => ` · ${part}`)}
          </>,
        ),
      ),
      ...none("condition").map((entry) => line(entry, t("noneKnownOf.condition"))),
    ],
    medication: [
      ...shown.medications.map((entry) =>
        line(
          entry,
          <>
            <span className={classes.name}>{nameOf(entry)}</span>
            {[entry.record.dosage, !entry.record.is_taken && t("past.medication")].filter(Boolean).map((part) => ` · ${part}`)}
          </>,
        ),
      ),
      ...none("medication").map((entry) => line(entry, t("noneKnownOf.medication"))),
    ],
  };
  return (
    <>
      {(since !== null || shown.allergyState !== "not-said") && (
        <section className={classes.allergies} style={toneStyle(look.tone)} data-state={shown.allergyState} aria-label={t("group.allergy")}>
          <look.icon size={18} aria-hidden />
          <div className={classes.allergyBody}>
            <h3 className={classes.allergyTitle}>{t(`allergyState.${shown.allergyState}`)}</h3>
            <ul className={classes.lines}>
              {shown.allergies.map((entry) =>
                line(
                  entry,
                  <>
                    <span className={classes.name}>{nameOf(entry)}</span>
                    {entry.record.criticality === "high" && <strong> · {t("criticality.high")}</strong>}
                    {entry.record.reaction && ` · ${entry.record.reaction}`}
                  </>,
                ),
              )}
            </ul>
          </div>
        </section>
      )}
      {(["vitalSigns", "laboratory"] as const).map(
        (part) =>
          shown[part].length > 0 && (
            <section key={part}>
              <h3 className={classes.groupTitle}>{t(`group.${part}`)}</h3>
              <ul className={classes.lines}>
                {shown[part].map((result) => (
                  <Result key={result.key} line={result} onWrong={onWrong} since={since} />
                ))}
              </ul>
            </section>
          ),
      )}
      {(["condition", "medication"] as const).map(
        (kind) =>
          named[kind].length > 0 && (
            <section key={kind}>
              <h3 className={classes.groupTitle}>{t(`group.${kind}`)}</h3>
              <ul className={classes.lines}>{named[kind]}</ul>
            </section>
          ),
      )}
      {shown.wrong.map((entry) => (
        <p key={entry.id} className={classes.muted}>
          <del>{nameOf(entry)}</del>{" "}
          {t("markedWrong", { name: entry.in_error_by?.display_name ?? "—", reason: entry.in_error_reason ?? "" })}
        </p>
      ))}
    </>
  );
}

function useEntryName() {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const items = useHistoryItems().data ?? NO_ITEMS;
  return ({ record }: GivenRecord) =>
    record.kind === "none-known" ? t(`noneKnownOf.${record.of}`) : recordName(record, items, language);
}

interface LineProps {
  entry: GivenRecord;
  onWrong: ((entry: GivenRecord) => void) | null;
  since: string | null;
  children: ReactNode;
}

/** One entry, and the way to take it back at its end. */
function Line({ entry, onWrong, since, children }: LineProps) {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const nameOf = useEntryName();
  const by = t("givenBy", { name: entry.given_by.display_name, at: formatInstant(entry.given_at, new Date(), language) });
  return (
    <li className={classes.line}>
      <span title={by}>
        {children}
        {entry.given_at !== since && <span className={classes.muted}> · {by}</span>}
      </span>
      {onWrong !== null && (
        <ActionIcon size="xs" color="gray" aria-label={t("wrong", { name: nameOf(entry) })} title={t("wrongTitle")} onClick={() => onWrong(entry)}>
          <IconEraser size={13} />
        </ActionIcon>
      )}
    </li>
  );
}

function Result({ line: { newest, before }, onWrong, since }: { line: ResultLine } & Omit<LineProps, "entry" | "children">) {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const nameOf = useEntryName();
  const { flag, record } = newest;
  const isOff = flag !== null && flag !== "normal";
  const when = (entry: typeof newest) => {
    const at = entry.record.effective;
    return at?.includes("T") ? formatInstant(at, new Date(), language) : (formatDate(at ?? null) ?? at ?? "");
  };
  const Arrow = flag === "low" ? IconArrowDown : IconArrowUp;
  return (
    <Line entry={newest} onWrong={onWrong} since={since}>
      <span className={classes.result} data-flag={flag ?? undefined}>
        <span>{nameOf(newest)}</span>
        <span className={`${classes.value} tabular`}>
          {isOff && flag !== "abnormal" && <Arrow size={13} aria-hidden />}
          {valueText(record)}
          {isOff && <span className={classes.flag}> {t(`flag.${flag}`)}</span>}
        </span>
      </span>
      <span className={`${classes.muted} tabular`}>
        {[rangeText(record) && t("range", { range: rangeText(record) }), when(newest)].filter(Boolean).join(" · ")}
        {before.length > 0 && ` · ${t("before", { values: before.map((entry) => [valueText(entry.record), when(entry)].filter(Boolean).join(" ")).join("; ") })}`}
      </span>
    </Line>
  );
}
