import { useCallback, useEffect, useRef, useState } from "react";

import { useComparison, useSaveComparison } from "../api/opinionHooks";
import type { Comparison } from "../api/types";
import { SAVE_AFTER_MS } from "../reports/useReportDraft";

export type Compared = Pick<Comparison, "agreement" | "difference" | "radpeer_score">;

export interface ComparisonDraft {
  query: ReturnType<typeof useComparison>;
  /** What is shown: as typed, or as it is stored. */
  compared: Compared | null;
  error: Error | null;
  change: (part: Partial<Compared>) => void;
  /** Sends what is typed; false where that failed. */
  flush: () => Promise<boolean>;
  /** Whether the report may be signed as far as this goes. */
  isComplete: boolean;
}

/** A second opinion against the first report, saved by itself from when it says whether they agree. */
export function useComparisonDraft(consultId: string, isCompared: boolean): ComparisonDraft {
  const query = useComparison(consultId, isCompared);
  const { mutateAsync, error } = useSaveComparison(consultId);
  const [typed, setTyped] = useState<Compared | null>(null);
  const latest = useRef<Compared | null>(null);
  const inFlight = useRef<Promise<boolean>>(Promise.resolve(true));
  const compared = typed ?? query.data ?? null;

  const sendNow = useCallback(async (): Promise<boolean> => {
    const sending = latest.current;
    if (sending === null || sending.agreement === null) return true;
    try {
      await mutateAsync({ ...sending, agreement: sending.agreement });
    } catch {
      return false; // the mutation's error says why
    }
    if (latest.current === sending) {
      latest.current = null;
      setTyped(null);
    }
    return true;
  }, [mutateAsync]);
  // One save at a time: a second one would carry a version that the first makes stale.
  const flush = useCallback((): Promise<boolean> => {
    inFlight.current = inFlight.current.then(sendNow);
    return inFlight.current;
  }, [sendNow]);

  useEffect(() => {
    if (typed === null) return undefined;
    const timer = setTimeout(() => void flush(), SAVE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed, flush]);
  useEffect(() => () => void flush(), [flush]);

  return {
    query,
    compared,
    error,
    change: (part) => {
      const before = latest.current ?? query.data;
      if (before === undefined) return;
      const { agreement, difference, radpeer_score } = { ...before, ...part };
      latest.current = { agreement, difference, radpeer_score };
      setTyped(latest.current);
    },
    flush,
    isComplete:
      !isCompared ||
      compared?.agreement === "agree" ||
      (compared !== null && compared.agreement !== null && compared.difference.trim() !== ""),
  };
}
