import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { lineExchange } from "../api/lineCheck";
import { Note } from "../ui/Note";
import { measureLine, verdictOf, type LineMeasure } from "./measureLine";
import classes from "./room.module.css";

const TONES = { good: "moss", small: "petrol", still: "amber", speech: "amber", none: "signal" } as const;

const rate = (bps: number) => (bps >= 1e6 ? `${(bps / 1e6).toFixed(bps < 1e7 ? 1 : 0)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`);

/** What the line to the server will carry, in words first; the figures for whoever helps. */
export function LineCheck() {
  const { t } = useTranslation("room");
  const [measure, setMeasure] = useState<LineMeasure | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    measureLine(lineExchange, stop.signal).then(setMeasure, () => undefined);
    return () => stop.abort();
  }, [attempt]);
  if (measure === null) return <p className={classes.lineChecking}>{t("lineCheck.running")}</p>;
  const verdict = verdictOf(measure);
  const figures = [
    measure.rttMs === null ? null : t("lineCheck.rtt", { ms: Math.round(measure.rttMs) }),
    measure.upBps === null ? null : t("lineCheck.up", { rate: rate(measure.upBps) }),
    measure.downBps === null ? null : t("lineCheck.down", { rate: rate(measure.downBps) }),
  ].filter((figure) => figure !== null);
  return (
    <div data-testid="line-check" data-verdict={verdict}>
      <Note tone={TONES[verdict]} title={t(`lineCheck.title.${verdict}`)}>
        {t(`lineCheck.advice.${verdict}`)}
        <div className={`${classes.lineChecking} tabular`}>{figures.join(" · ")}</div>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => {
            setMeasure(null);
            setAttempt(attempt + 1);
          }}
        >
          {t("lineCheck.again")}
        </Button>
      </Note>
    </div>
  );
}
