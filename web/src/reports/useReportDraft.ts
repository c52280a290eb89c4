import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { ApiError } from "../api/client";
import { useMe, useReport, useSaveReport } from "../api/hooks";
import type { Report } from "../api/types";
import { afterSaveEvent, bodyOf, draftOf, opening, sameDraft, type Draft, type SaveState } from "./draft";
import { forgetDraft, keepDraft, recallDraft } from "./keptDraft";

export const SAVE_AFTER_MS = 900;
const SAVE_AGAIN_AFTER_MS = 5_000;

export interface ReportDraft {
  draft: Draft;
  save: SaveState;
  /** A change, or what becomes of the draft as it is at that moment. */
  change: (part: Partial<Draft> | ((now: Draft) => Partial<Draft>)) => void;
  /** Send what is typed now; resolves with the version on the server, or null where that failed. */
  flush: () => Promise<number | null>;
  takeTheirs: () => void;
  keepMine: () => void;
}

/** One report as typed: kept on this computer at once, saved by itself shortly after the last key. */
export function useReportDraft(report: Report, editable: boolean): ReportDraft {
  const userId = useMe().data?.id ?? "";
  const consultId = report.consult_id;
  const [opened] = useState(() => opening(report, recallDraft(userId, consultId)));
  const [draft, setDraft] = useState(opened.draft);
  const [save, step] = useReducer(afterSaveEvent, opened.save);
  const { mutateAsync } = useSaveReport(consultId);
  const { refetch } = useReport(consultId);
  const base = useRef({ draft: draftOf(report), version: opened.version });
  const latest = useRef(draft);
  const inFlight = useRef<Promise<number | null>>(Promise.resolve(null));
  // What was typed on an earlier version is not written over: somebody has to choose first.
  const undecided = useRef(opened.save.at === "conflict");

  const show = useCallback((now: Draft) => {
    latest.current = now;
    setDraft(now);
  }, []);

  // Another person's save, or a fresh prefill: taken over while nothing is typed here, else a conflict.
  useEffect(() => {
    if (undecided.current || report.version === base.current.version) return;
    const server = draftOf(report);
    if (sameDraft(latest.current, base.current.draft) || sameDraft(latest.current, server)) {
      base.current = { draft: server, version: report.version };
      show(server);
    } else if (sameDraft(server, base.current.draft)) {
      base.current = { draft: server, version: report.version };
    } else {
      undecided.current = true;
      step("conflicted");
    }
  }, [report, show]);

  // One save at a time: a second one would carry a version that the first makes stale.
  const sendNow = useCallback(async (): Promise<number | null> => {
    const sending = latest.current;
    if (undecided.current) return null;
    if (sameDraft(sending, base.current.draft)) {
      step("unchanged");
      forgetDraft(userId, consultId);
      return base.current.version;
    }
    step("sent");
    try {
      const stored = await mutateAsync(bodyOf(sending, base.current.version));
      base.current = { draft: draftOf(stored), version: stored.version };
      if (sameDraft(latest.current, sending)) {
        forgetDraft(userId, consultId);
        step("stored");
        show(base.current.draft);
      } else {
        keepDraft(userId, consultId, latest.current, stored.version);
      }
      return stored.version;
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 409;
      undecided.current = isStale;
      step(isStale ? "conflicted" : "failed");
      if (isStale) void refetch();
      return null;
    }
  }, [mutateAsync, refetch, show, userId, consultId]);
  const send = useCallback((): Promise<number | null> => {
    inFlight.current = inFlight.current.then(sendNow);
    return inFlight.current;
  }, [sendNow]);

  useEffect(() => {
    if (!editable || (save.at !== "unsaved" && save.at !== "failed")) return undefined;
    const timer = setTimeout(() => void send(), save.at === "unsaved" ? SAVE_AFTER_MS : SAVE_AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [editable, save, draft, send]);

  // Leaving the page a moment after the last key: it is kept here, and sent if there is time.
  useEffect(() => {
    const leave = () => void (editable && send());
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [editable, send]);
  useEffect(() => () => void (editable && send()), [editable, send]);

  const resolve = async (mine: boolean) => {
    const fresh = (await refetch()).data;
    if (fresh === undefined) return;
    base.current = { draft: draftOf(fresh), version: fresh.version };
    undecided.current = false;
    if (mine) {
      keepDraft(userId, consultId, latest.current, fresh.version);
      await send();
      return;
    }
    forgetDraft(userId, consultId);
    show(base.current.draft);
    step("resolved");
  };
  return {
    draft,
    save,
    change: (part) => {
      const now = latest.current;
      show({ ...now, ...(typeof part === "function" ? part(now) : part) });
      keepDraft(userId, consultId, latest.current, base.current.version);
      step("typed");
    },
    flush: send,
    takeTheirs: () => void resolve(false),
    keepMine: () => void resolve(true),
  };
}
