import { Button, NativeSelect } from "@mantine/core";
import { IconArrowBackUp, IconArrowRight, IconPencil } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { useModelHere } from "../api/findingHooks";
import type { Finding, Series } from "../api/types";
import { inLanguage, useLanguage } from "../app/i18n";
import { formatInstant, formatProbability } from "../ui/format";
import { Tag } from "../ui/Tag";
import { EvidencePictures } from "./EvidencePictures";
import classes from "./findings.module.css";
import { Measures } from "./Measures";
import { sliceNumber } from "./order";
import { DECISION, REJECTION_REASONS } from "./status";
import type { Decisions } from "./useDecisions";
import type { OnOtherView } from "./viewPairs";

export interface FindingCardProps {
  finding: Finding;
  /** By which people speak of it: its place in the list, after the study's letter where there are several. */
  number: string;
  series: readonly Series[];
  selected: boolean;
  decisions: Decisions;
  onEdit: (finding: Finding) => void;
  /** The finding that may be the same on the breast's other view. */
  otherView: OnOtherView | null;
  onSelect: (id: string) => void;
}

const DIGEST_SHOWN = 12;

function Probability({ finding }: { finding: Finding }) {
  const { t } = useTranslation("findings");
  return (
    <div className={classes.bar} aria-hidden title={t("threshold", { value: finding.threshold.toFixed(2) })}>
      <div className={classes.barFill} style={{ width: `${finding.probability * 100}%` }} />
      <div className={classes.barThreshold} style={{ left: `${finding.threshold * 100}%` }} />
    </div>
  );
}

/** What readers here made of this model version's findings so far. */
function ModelHere({ finding }: { finding: Finding }) {
  const { t } = useTranslation("findings");
  const { data } = useModelHere(finding);
  if (data === undefined) return "…";
  const { accepted, edited, rejected } = data;
  if (accepted + edited + rejected === 0) return t("hereNone");
  return t("hereCounts", { accepted: accepted + edited, edited, rejected });
}

function Provenance({ finding }: { finding: Finding }) {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  return (
    <dl className={classes.provenance}>
      <dt>{t("model")}</dt>
      <dd>
        {finding.model} {finding.model_version}
      </dd>
      <dt>{t("probability")}</dt>
      <dd className="tabular">
        {finding.probability.toFixed(3)} ({t("threshold", { value: finding.threshold.toFixed(2) })})
      </dd>
      {finding.category !== null && finding.suggestion === null && (
        <>
          <dt>{t("rule")}</dt>
          <dd>{finding.category.rule}</dd>
        </>
      )}
      {finding.by_model !== null && (
        <>
          <dt>{t("edit.byModel")}</dt>
          <dd className="tabular" data-testid="by-model">
            {finding.by_model.diameter_mm === null ? t("edit.noSize") : `${finding.by_model.diameter_mm.toFixed(1)} mm`}
            {finding.by_model.suggestion !== null && ` · ${inLanguage(finding.by_model.suggestion.condition, language)}`}
          </dd>
        </>
      )}
      <dt>{t("here")}</dt>
      <dd data-testid="model-here">
        <ModelHere finding={finding} />
      </dd>
      <dt>{t("weights")}</dt>
      <dd title={finding.weights_sha256}>SHA-256 {finding.weights_sha256.slice(0, DIGEST_SHOWN)}…</dd>
    </dl>
  );
}

type Deciding = Pick<FindingCardProps, "finding" | "decisions" | "onEdit">;

function EditButton({ finding, onEdit, size }: Pick<Deciding, "finding" | "onEdit"> & { size: "xs" | "compact-xs" }) {
  const { t } = useTranslation("findings");
  if (finding.box_px === null && finding.box_lps_mm === null) return null;
  return (
    <Button
      size={size}
      variant={size === "xs" ? "default" : "subtle"}
      leftSection={size === "xs" ? undefined : <IconPencil size={14} />}
      onClick={() => onEdit(finding)}
    >
      {t("edit.open")}
      <span className={classes.kbd} aria-hidden>
        E
      </span>
    </Button>
  );
}

function Decided({ finding, decisions, onEdit }: Deciding) {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  const who = finding.decided_by?.display_name ?? "";
  const when = finding.decided_at === null ? "" : formatInstant(finding.decided_at, new Date(), language);
  return (
    <>
      <div className={classes.decided}>
        <span>{t("decidedBy", { who, when })}</span>
        <span className={classes.again}>
          {finding.status !== "rejected" && <EditButton finding={finding} onEdit={onEdit} size="compact-xs" />}
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<IconArrowBackUp size={14} />}
            loading={decisions.pendingId === finding.id}
            onClick={() => decisions.decide(finding, "preliminary")}
          >
            {t("undo")}
            <span className={classes.kbd} aria-hidden>
              U
            </span>
          </Button>
        </span>
      </div>
      {finding.status === "rejected" && (
        <NativeSelect
          size="xs"
          aria-label={t("reason.label")}
          value={finding.decision_reason ?? ""}
          onChange={(event) => decisions.decide(finding, "rejected", event.currentTarget.value)}
          data={[
            { value: "", label: t("reason.none") },
            ...REJECTION_REASONS.map((reason) => ({ value: reason, label: t(`reason.${reason}`) })),
          ]}
        />
      )}
    </>
  );
}

function Undecided({ finding, decisions, onEdit }: Deciding) {
  const { t } = useTranslation("findings");
  const pending = decisions.pendingId === finding.id;
  return (
    <div className={classes.decide}>
      <Button
        size="xs"
        color="moss"
        disabled={pending}
        onClick={() => decisions.decide(finding, "accepted")}
      >
        {t("accept")}
        <span className={classes.kbd} aria-hidden>
          A
        </span>
      </Button>
      <EditButton finding={finding} onEdit={onEdit} size="xs" />
      <Button
        size="xs"
        variant="default"
        disabled={pending}
        onClick={() => decisions.decide(finding, "rejected")}
      >
        {t("reject")}
        <span className={classes.kbd} aria-hidden>
          R
        </span>
      </Button>
    </div>
  );
}

function OtherView({ finding, other, onSelect }: { finding: Finding; other: OnOtherView; onSelect: (id: string) => void }) {
  const { t } = useTranslation("findings");
  const mm = (value: number | null) => (value ?? 0).toFixed(0);
  return (
    <div className={classes.otherView} data-testid="other-view">
      <Button
        size="compact-xs"
        variant="default"
        rightSection={<IconArrowRight size={14} />}
        onClick={() => onSelect(other.finding.id)}
      >
        {t("otherView.also", { view: other.view })}
      </Button>
      <span>
        {t("otherView.distance", {
          there: mm(other.finding.distance_to_nipple_mm),
          here: mm(finding.distance_to_nipple_mm),
        })}
      </span>
      <span className={classes.applies}>{t("otherView.caution", { mm: mm(other.toleranceMm) })}</span>
    </div>
  );
}

/** One AI finding: what and where, how sure, what made it, and the decision on it. */
export function FindingCard({
  finding,
  number,
  series,
  selected,
  decisions,
  onEdit,
  otherView,
  onSelect,
}: FindingCardProps) {
  const { t } = useTranslation("findings");
  const card = useRef<HTMLLIElement>(null);
  const [looking, setLooking] = useState(true);
  const look = DECISION[finding.status];
  const slice = sliceNumber(finding, series);

  useEffect(() => {
    if (selected) card.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);

  return (
    <li
      ref={card}
      className={classes.card}
      data-selected={selected || undefined}
      data-status={finding.status}
      data-testid="finding"
      data-finding={finding.id}
    >
      <button type="button" className={classes.head} onClick={() => onSelect(finding.id)} aria-pressed={selected}>
        <span className={classes.headLine}>
          <span className={classes.title}>
            {number}. {t(`kind.${finding.kind}`)}
            {finding.diameter_mm !== null && <span className="tabular"> {finding.diameter_mm.toFixed(1)} mm</span>}
          </span>
          <Tag tone={look.tone} icon={look.icon}>
            {t(`status.${finding.status}`)}
          </Tag>
        </span>
        <span className={classes.facts}>
          <span>
            AI <span className={classes.probability}>{formatProbability(finding.probability)}</span>
          </span>
          {slice !== null && <span>{t("slice", { number: slice })}</span>}
          {otherView !== null && !selected && <span>{t("otherView.also", { view: otherView.view })}</span>}
          <span>
            {finding.model} {finding.model_version}
          </span>
        </span>
        <Probability finding={finding} />
      </button>
      <div className={classes.body}>
        {finding.status === "preliminary" ? (
          <Undecided finding={finding} decisions={decisions} onEdit={onEdit} />
        ) : (
          <Decided finding={finding} decisions={decisions} onEdit={onEdit} />
        )}
        {selected && otherView !== null && <OtherView finding={finding} other={otherView} onSelect={onSelect} />}
        {selected && <Measures finding={finding} />}
        {selected && <Provenance finding={finding} />}
        {selected && (
          <details className={classes.evidence} open={looking} onToggle={(event) => setLooking(event.currentTarget.open)}>
            <summary>{t("evidence.title")}</summary>
            {looking && <EvidencePictures findingId={finding.id} />}
          </details>
        )}
      </div>
    </li>
  );
}
