import { useSyncExternalStore, type CSSProperties } from "react";
import { useTranslation } from "react-i18next";

import type { Finding } from "../api/types";
import type { Readable } from "./store";
import classes from "./viewer.module.css";

export interface SliceTick {
  finding: Finding;
  index: number;
}

export interface SliceSliderProps {
  index: number;
  count: number;
  /** How many of them are here; none given: all. */
  loaded?: Readable<number>;
  /** Slices with a finding: the reader sees where to look before scrolling. */
  ticks: readonly SliceTick[];
  selectedId: string | null;
  /** Slices that somebody marked as key images. */
  keyImages?: readonly number[];
  onIndex: (index: number) => void;
}

const ALL: Readable<number> = { get: () => Infinity, subscribe: () => () => undefined };

export function SliceSlider({ index, count, loaded = ALL, ticks, selectedId, keyImages = [], onIndex }: SliceSliderProps) {
  const { t } = useTranslation("viewer");
  const share = (at: number) => at / Math.max(1, count - 1);
  const loadedCount = useSyncExternalStore(loaded.subscribe, loaded.get);
  const isComplete = loadedCount >= count;
  return (
    <div className={classes.slider} data-loaded-count={loadedCount}>
      <div className={classes.track}>
        {!isComplete && (
          <div
            className={classes.loaded}
            role="progressbar"
            aria-label={t("loadingSlices")}
            aria-valuemin={0}
            aria-valuemax={count}
            aria-valuenow={loadedCount}
            style={{ "--share": loadedCount / count } as CSSProperties}
          />
        )}
        {ticks
          .filter((tick) => tick.index >= 0)
          .map(({ finding, index: at }) => (
            <span
              key={finding.id}
              className={classes.tick}
              data-status={finding.status}
              data-selected={finding.id === selectedId || undefined}
              style={{ "--at": share(at) } as CSSProperties}
              aria-hidden
            />
          ))}
        {keyImages.map((at) => (
          <span key={at} className={classes.keyTick} style={{ "--at": share(at) } as CSSProperties} aria-hidden />
        ))}
        <input
          className={classes.range}
          type="range"
          min={0}
          max={count - 1}
          step={1}
          value={index}
          aria-label={t("sliceSlider")}
          aria-valuetext={t("slice", { index: index + 1, count })}
          onChange={(event) => onIndex(Number(event.currentTarget.value))}
          // The arrow and letter keys of the viewer work again as soon as the thumb is let go.
          onPointerUp={(event) => event.currentTarget.blur()}
        />
      </div>
      {!isComplete && (
        <span className={classes.loadedText} title={t("loadingSlices")}>
          {Math.floor((loadedCount / count) * 100)}%
        </span>
      )}
    </div>
  );
}
