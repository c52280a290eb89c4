/** An earlier study beside the current one, scrolled, windowed and moved together with it. */
import { Loader } from "@mantine/core";
import { IconContrast2, IconHistoryOff, IconLink, IconLinkOff, IconPinned, IconSnowflake } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useImperativeHandle, useMemo, useRef, useState, useSyncExternalStore, type Ref } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useStudy } from "../api/hooks";
import type { Prior, Series } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { EmptyState, ErrorState } from "../ui/states";
import type { DragTool } from "./gestures";
import classes from "./compare.module.css";
import { ImageStack } from "./imageStack";
import { inCurrent, inPrior, isBeyond, linkedHere, linkOf, nearestIndex, normalOf, type Link, type Stacked } from "./linkedScroll";
import { linkedView, type Pictured } from "./linkedView";
import { likestSeries, positionsOf } from "./priors";
import { RoleBar, useIntervalText } from "./RoleBar";
import { SliceSlider } from "./SliceSlider";
import { indexOfInstance } from "./slices";
import { StackPane } from "./StackPane";
import type { ChangeCause, StackSnapshot } from "./stackSnapshot";
import { ToolButton } from "./ToolButton";
import type { PriorImage } from "./viewerState";

/** What the layout asks of the picture of the earlier study. */
export interface PriorHandle {
  /** The current picture was changed by hand: show the same. */
  lead: () => void;
  state: () => PriorImage | null;
}

/** What the viewer of the current study lends. */
export interface BesideViewer {
  stack: ImageStack;
  series: Series | null;
  tool: DragTool;
  /** AI marks are shown. */
  marksShown: boolean;
}

export interface PriorPaneProps {
  ref: Ref<PriorHandle>;
  viewer: BesideViewer;
  priors: UseQueryResult<Prior[]>;
  studyInstanceUid: string | null;
  onChoose: (studyInstanceUid: string) => void;
  /** What somebody else shows here. */
  followed: PriorImage | null;
  start: PriorImage | null;
  /** "load": nobody did it, so who follows goes on following. */
  onChange: (cause: "user" | "load") => void;
}

const { link: LINK_KEY, here: HERE_KEY } = KEYS.compare;

function stackedOf(series: Series | null, { shown }: StackSnapshot): Stacked {
  const plane = shown?.facts.plane ?? null;
  return {
    positions: series === null ? null : positionsOf(series),
    normal: plane === null ? null : normalOf(plane.row, plane.column),
    frameOfReferenceUid: shown?.facts.frameOfReferenceUid ?? null,
  };
}

/** As it lies now: the snapshot has it only once it is drawn. */
function picturedOf(stack: ImageStack): Pictured | null {
  const { shown } = stack.snapshot.get();
  const now = stack.seen();
  if (shown === null || now === null) return null;
  const { size, plane, calibration } = shown.facts;
  const spacing = calibration.basis === "uncalibrated" ? null : calibration.spacing;
  return { view: now.shown.view, transform: now.transform, size, plane, spacing };
}

/** CSS pixels for a column at a zoom of 1: another one in a window of another size. */
const fitting = ({ presentation, transform }: StackSnapshot) =>
  presentation === null || transform === null ? null : (Math.hypot(...transform.column) / presentation.view.zoom).toFixed(3);

export function PriorPane(props: PriorPaneProps) {
  const { ref, viewer, studyInstanceUid, followed, start } = props;
  const priors = props.priors.data ?? [];
  const { t } = useTranslation("viewer");
  const intervalText = useIntervalText();
  const prior = useStudy(studyInstanceUid ?? undefined);
  const [stack] = useState(() => new ImageStack());
  const snapshot = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const currentSnapshot = useSyncExternalStore(viewer.stack.snapshot.subscribe, viewer.stack.snapshot.get);
  const [chosenSeries, setChosenSeries] = useState<string | null>(null);
  const [isLinked, setLinked] = useState((start ?? followed)?.linkOffsetMm !== null);
  const [isWindowLinked, setWindowLinked] = useState((start ?? followed)?.isWindowLinked ?? true);
  /** The link that the reader made by hand, and for which two series. */
  const [byHand, setByHand] = useState<{ pair: string; link: Link } | null>(null);

  const wantedSeries = followed?.seriesInstanceUid ?? chosenSeries ?? start?.seriesInstanceUid;
  const series = useMemo(() => {
    const all = prior.data?.series ?? [];
    return all.find((each) => each.series_instance_uid === wantedSeries) ?? likestSeries(viewer.series, all);
  }, [prior.data, wantedSeries, viewer.series]);
  const pair = `${viewer.series?.series_instance_uid} ${series?.series_instance_uid}`;

  const link = useMemo((): ReturnType<typeof linkOf> => {
    const found = linkOf(stackedOf(viewer.series, currentSnapshot), stackedOf(series, snapshot));
    if (typeof found === "string") return found;
    if (followed?.linkOffsetMm != null && followed.linkOffsetMm !== found.offsetMm) {
      return { ...found, offsetMm: followed.linkOffsetMm, basis: "hand" };
    }
    return byHand?.pair === pair ? byHand.link : found;
  }, [viewer.series, series, currentSnapshot, snapshot, followed, byHand, pair]);
  const currentMm = viewer.series === null ? undefined : positionsOf(viewer.series)?.[currentSnapshot.wantedIndex];
  const priorMm = series === null ? undefined : positionsOf(series)?.[snapshot.wantedIndex];
  const isSameUnit = snapshot.shown?.facts.valueUnit === currentSnapshot.shown?.facts.valueUnit;

  /** One picture shows the place, the scale and the window of the other. */
  const sync = (from: ImageStack, to: ImageStack, index: number | null) => {
    if (isLinked && index !== null) to.goTo(index, "linked");
    const shown = from.seen()?.shown;
    const seen = picturedOf(from);
    const size = picturedOf(to);
    if (shown === undefined || seen === null || size === null) return;
    to.adopt((before, transform) => ({
      ...before,
      ...(isWindowLinked && isSameUnit ? { window: shown.window, invert: shown.invert } : {}),
      ...(isLinked
        ? {
            turn: shown.turn,
            view: linkedView(
              seen,
              { ...size, view: before.view, transform },
              typeof link !== "string" && link.basis === "frame-of-reference",
            ),
          }
        : {}),
    }));
  };
  const lead = () => {
    if (followed !== null) return;
    const positions = series === null ? null : positionsOf(series);
    const mm = viewer.series === null ? undefined : positionsOf(viewer.series)?.[viewer.stack.snapshot.get().wantedIndex];
    const isPlaced = typeof link !== "string" && positions !== null && mm !== undefined;
    sync(viewer.stack, stack, isPlaced ? nearestIndex(positions, inPrior(link, mm)) : null);
  };
  const follow = () => {
    const positions = viewer.series === null ? null : positionsOf(viewer.series);
    const mm = series === null ? undefined : positionsOf(series)?.[stack.snapshot.get().wantedIndex];
    const isPlaced = typeof link !== "string" && positions !== null && mm !== undefined;
    sync(stack, viewer.stack, isPlaced ? nearestIndex(positions, inCurrent(link, mm)) : null);
  };
  const state = (): PriorImage | null => {
    const image = stack.image();
    if (image === null) return null;
    return { ...image, linkOffsetMm: isLinked && typeof link !== "string" ? link.offsetMm : null, isWindowLinked };
  };
  useImperativeHandle(ref, () => ({ lead, state }));

  const latest = useRef({ props, lead });
  useEffect(() => {
    latest.current = { props, lead };
  });
  const study = prior.data ?? null;
  useEffect(() => {
    if (study === null || series === null || stack.holds(study, series)) return;
    const { followed: shared, start: before } = latest.current.props;
    const shown = [shared, before].find((each) => each?.seriesInstanceUid === series.series_instance_uid) ?? null;
    stack.open(study, series, shown?.sopInstanceUid ?? null, shown, "load");
  }, [stack, study, series]);
  useEffect(() => {
    if (followed !== null) stack.follow(followed);
  }, [stack, followed]);
  // What links the two is known when both are on screen, and changes with them; so does the scale that they share.
  const linkKey = typeof link === "string" ? link : `${link.direction} ${link.offsetMm}`;
  const isOpen = snapshot.shown !== null;
  const fittings = `${fitting(currentSnapshot)} ${fitting(snapshot)}`;
  useEffect(() => {
    if (isOpen) latest.current.lead();
  }, [linkKey, isOpen, isLinked, isWindowLinked, fittings]);

  const onPane = (cause: ChangeCause) => {
    if (cause === "user" || cause === "reset") follow();
    if (cause === "load") lead();
    props.onChange(cause === "user" || cause === "reset" ? "user" : "load");
  };
  const canLink = typeof link !== "string";
  const toggleLink = () => {
    if (canLink) setLinked((on) => !on);
  };
  const linkHere = () => {
    if (!canLink || currentMm === undefined || priorMm === undefined) return;
    setByHand({ pair, link: linkedHere(link, currentMm, priorMm) });
    setLinked(true);
  };
  const keys = { [LINK_KEY]: toggleLink, [HERE_KEY]: linkHere };
  useKeys(keys);

  const chosen = priors.find(({ study_instance_uid: uid }) => uid === studyInstanceUid);
  const linkText = !canLink ? t(`compare.noLink.${link}`) : t(isLinked ? `compare.basis.${link.basis}` : "compare.unlinked");
  const isPastEnd =
    canLink && isLinked && series !== null && currentMm !== undefined && isBeyond(positionsOf(series) ?? [], inPrior(link, currentMm));
  const isUnseen = prior.error instanceof ApiError && prior.error.status === 404;
  const findings = viewer.marksShown ? (prior.data?.findings ?? []) : [];
  return (
    <div className={classes.prior} data-testid="prior" data-slice-index={snapshot.shown?.index} data-link={canLink && isLinked ? link.basis : "none"}>
      <RoleBar of="prior" date={prior.data?.study_date ?? chosen?.study_date ?? null} daysBefore={chosen?.days_before ?? null}>
        {priors.length > 1 && (
          <select
            className={classes.pick}
            aria-label={t("compare.chooseStudy")}
            value={studyInstanceUid ?? ""}
            onChange={(event) => props.onChoose(event.currentTarget.value)}
          >
            {priors.map((each) => (
              <option key={each.study_instance_uid} value={each.study_instance_uid}>
                {[each.study_date, intervalText(each.days_before), each.modalities.join("/"), each.study_description]
                  .filter(Boolean)
                  .join(" · ")}
              </option>
            ))}
          </select>
        )}
        {prior.data !== undefined && prior.data.series.length > 1 && (
          <select
            className={classes.pick}
            aria-label={t("compare.chooseSeries")}
            value={series?.series_instance_uid ?? ""}
            onChange={(event) => setChosenSeries(event.currentTarget.value)}
          >
            {prior.data.series.map((each) => (
              <option key={each.series_instance_uid} value={each.series_instance_uid}>
                {each.description ?? each.modality}
              </option>
            ))}
          </select>
        )}
        {isOpen && (
          <div className={classes.links}>
            {canLink ? (
              <ToolButton
                label={linkText}
                shortcut={LINK_KEY.toUpperCase()}
                icon={isLinked ? IconLink : IconLinkOff}
                pressed={isLinked}
                onPress={toggleLink}
              />
            ) : (
              <span className={classes.note}>{linkText}</span>
            )}
            {canLink && <ToolButton label={t("compare.here")} shortcut={HERE_KEY} icon={IconPinned} onPress={linkHere} />}
            {isSameUnit && (
              <ToolButton
                label={t("compare.window")}
                icon={IconContrast2}
                pressed={isWindowLinked}
                onPress={() => setWindowLinked((on) => !on)}
              />
            )}
          </div>
        )}
      </RoleBar>
      {props.priors.isError && <ErrorState error={props.priors.error} onRetry={() => void props.priors.refetch()} />}
      {prior.isError &&
        (isUnseen ? (
          <EmptyState icon={IconHistoryOff} title={t("compare.unseen.title")} text={t("compare.unseen.text")} />
        ) : (
          <ErrorState error={prior.error} onRetry={() => void prior.refetch()} />
        ))}
      {props.priors.isSuccess && studyInstanceUid === null && (
        <EmptyState icon={IconHistoryOff} title={t("compare.none.title")} text={t("compare.none.text")} />
      )}
      {(props.priors.isPending || prior.isLoading) && <Loader size="sm" m="md" />}
      {prior.data !== undefined && prior.data.tier !== "archive" && (
        <EmptyState icon={IconSnowflake} title={t("manage:tier.warming")} text={t("manage:tier.warmingText")} />
      )}
      {prior.data?.tier === "archive" && (
        <div className={classes.picture}>
          <StackPane
            stack={stack}
            study={prior.data}
            series={series}
            tool={viewer.tool}
            findings={findings}
            selectedFindingId={null}
            onSelectFinding={(id) => {
              const finding = findings.find((each) => each.id === id);
              if (finding !== undefined) stack.goToInstance(finding.sop_instance_uid);
            }}
            onChange={onPane}
          >
            {isPastEnd && <div className={classes.warning}>{t("compare.beyond")}</div>}
          </StackPane>
          {snapshot.slices.length > 1 && (
            <SliceSlider
              index={snapshot.wantedIndex}
              count={snapshot.slices.length}
              loaded={stack.loaded}
              ticks={findings
                .filter((each) => each.series_instance_uid === series?.series_instance_uid)
                .map((finding) => ({ finding, index: indexOfInstance(snapshot.slices, finding.sop_instance_uid) }))}
              selectedId={null}
              onIndex={(index) => stack.goTo(index)}
            />
          )}
        </div>
      )}
    </div>
  );
}
