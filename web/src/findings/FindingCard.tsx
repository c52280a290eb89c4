import { Button, NativeSelect } from "@mantine/core";
import { IconArrowBackUp, IconArrowRight, IconCheck, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Finding, Series } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatInstant, formatProbability } from "../ui/format";
import { Tag } from "../ui/Tag";
import { EvidencePictures } from "./EvidencePictures";
import classes from "./findings.module.css";
import { Measures } from "./Measures";
import { imageNumber } from "./order";
import { DECISION, REJECTION_REASONS } from "./status";
import type { Decisions } from "./useDecisions";
import type { OnOtherView } from "./viewPairs";

export interface FindingCardProps {
  finding: Finding;
  /** 1-based place in the list, by which people speak of it. */
  number: number;
  series: readonly Series[];
  selected: boolean;
  decisions: Decisions;
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

function Provenance({ finding }: { finding: Finding }) {
  const { t } = useTranslation("findings");
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
      <dt>{t("weights")}</dt>
      <dd title={finding.weights_sha256}>SHA-256 {finding.weights_sha256.slice(0, DIGEST_SHOWN)}…</dd>
    </dl>
  );
}

function Decided({ finding, decisions }: { finding: Finding; decisions: Decisions }) {
  const { t } = useTranslation("findings");
  const language = useLanguage();
  const who = finding.decided_by?.display_name ?? "";
  const when = finding.decided_at === null ? "" : formatInstant(finding.decided_at, new Date(), language);
  return (
    <>
      <div className={classes.decided}>
        <span>{t("decidedBy", { who, when })}</span>
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

function Undecided({ finding, decisions }: { finding: Finding; decisions: Decisions }) {
  const { t } = useTranslation("findings");
  const pending = decisions.pendingId === finding.id;
  return (
    <div className={classes.decide}>
      <Button
        size="xs"
        color="moss"
        leftSection={<IconCheck size={15} />}
        disabled={pending}
        onClick={() => decisions.decide(finding, "accepted")}
      >
        {t("accept")}
        <span className={classes.kbd} aria-hidden>
          A
        </span>
      </Button>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconX size={15} />}
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
  otherView,
  onSelect,
}: FindingCardProps) {
  const { t } = useTranslation("findings");
  const card = useRef<HTMLLIElement>(null);
  const [looking, setLooking] = useState(false);
  const look = DECISION[finding.status];
  const image = imageNumber(finding, series);

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
          {image !== null && <span>{t("image", { number: image })}</span>}
          {otherView !== null && !selected && <span>{t("otherView.also", { view: otherView.view })}</span>}
          <span>
            {finding.model} {finding.model_version}
          </span>
        </span>
        <Probability finding={finding} />
      </button>
      <div className={classes.body}>
        {finding.status === "preliminary" ? (
          <Undecided finding={finding} decisions={decisions} />
        ) : (
          <Decided finding={finding} decisions={decisions} />
        )}
        {selected && otherView !== null && <OtherView finding={finding} other={otherView} onSelect={onSelect} />}
        {selected && <Measures finding={finding} />}
        {selected && <Provenance finding={finding} />}
        {selected && (
          <details className={classes.evidence} onToggle={(event) => setLooking(event.currentTarget.open)}>
            <summary>{t("evidence.title")}</summary>
            {looking && <EvidencePictures findingId={finding.id} />}
          </details>
        )}
      </div>
    </li>
  );
}
