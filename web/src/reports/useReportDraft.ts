import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { ApiError } from "../api/client";
import { useReport, useSaveReport } from "../api/hooks";
import type { Report, ReportSections } from "../api/types";
import { afterSaveEvent, sameText, sectionsOf, type SaveState } from "./draft";

export const SAVE_AFTER_MS = 900;
const SAVE_AGAIN_AFTER_MS = 5_000;

export interface ReportDraft {
  text: ReportSections;
  save: SaveState;
  change: (part: Partial<ReportSections>) => void;
  /** Send what is typed now; resolves with the version on the server, or null where that failed. */
  flush: () => Promise<number | null>;
  takeTheirs: () => void;
  keepMine: () => void;
}

/** The text of one report as typed, saved by itself shortly after the last key. */
export function useReportDraft(report: Report, editable: boolean): ReportDraft {
  const [text, setText] = useState<ReportSections>(() => sectionsOf(report));
  const [save, step] = useReducer(afterSaveEvent, { at: "saved" });
  const { mutateAsync } = useSaveReport(report.consult_id);
  const { refetch } = useReport(report.consult_id);
  const base = useRef(report);
  const latest = useRef(text);
  const inFlight = useRef<Promise<number | null>>(Promise.resolve(null));

  // Another person's save, or a fresh prefill: taken over while nothing is typed here, else a conflict.
  useEffect(() => {
    if (report.version === base.current.version) return;
    const untouched = sameText(latest.current, sectionsOf(base.current));
    if (untouched || sameText(latest.current, sectionsOf(report))) {
      base.current = report;
      latest.current = sectionsOf(report);
      setText(latest.current);
    } else if (sameText(sectionsOf(report), sectionsOf(base.current))) {
      base.current = report;
    } else {
      step("conflicted");
    }
  }, [report]);

  // One save at a time: a second one would carry a version that the first makes stale.
  const sendNow = useCallback(async (): Promise<number | null> => {
    const sending = latest.current;
    if (sameText(sending, sectionsOf(base.current))) {
      step("unchanged");
      return base.current.version;
    }
    step("sent");
    try {
      const stored = await mutateAsync({ ...sending, version: base.current.version });
      base.current = stored;
      if (sameText(latest.current, sending)) step("stored");
      return stored.version;
    } catch (error) {
      step(error instanceof ApiError && error.status === 409 ? "conflicted" : "failed");
      return null;
    }
  }, [mutateAsync]);
  const send = useCallback((): Promise<number | null> => {
    inFlight.current = inFlight.current.then(sendNow);
    return inFlight.current;
  }, [sendNow]);

  useEffect(() => {
    if (!editable || (save.at !== "unsaved" && save.at !== "failed")) return undefined;
    const timer = setTimeout(() => void send(), save.at === "unsaved" ? SAVE_AFTER_MS : SAVE_AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [editable, save, text, send]);

  // Leaving the page a moment after the last key must not lose it.
  useEffect(() => {
    const leave = (event: BeforeUnloadEvent) => {
      if (save.at === "saved") return;
      void send();
      event.preventDefault();
    };
    window.addEventListener("beforeunload", leave);
    return () => window.removeEventListener("beforeunload", leave);
  }, [save, send]);
  useEffect(() => () => void (editable && send()), [editable, send]);

  const resolve = async (mine: boolean) => {
    const fresh = (await refetch()).data;
    if (fresh === undefined) return;
    base.current = fresh;
    if (mine) {
      await send();
      return;
    }
    latest.current = sectionsOf(fresh);
    setText(latest.current);
    step("resolved");
  };
  return {
    text,
    save,
    change: (part) => {
      latest.current = { ...latest.current, ...part };
      setText(latest.current);
      step("typed");
    },
    flush: send,
    takeTheirs: () => void resolve(false),
    keepMine: () => void resolve(true),
  };
}
