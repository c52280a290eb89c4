/** The server says what changed, never what it became: the client asks again for what it shows. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState } from "react";

import { archiveKeys } from "./archiveHooks";
import { chatKey } from "./chatHooks";
import { criticalKeys } from "./criticalHooks";
import { calendarKeys } from "./calendarHooks";
import { keys } from "./hooks";
import { keyImageKey } from "./keyImageHooks";
import { institutionKeys } from "./institutionHooks";
import { modelKeys } from "./modelHooks";
import { notificationKeys } from "./notificationHooks";
import { ringKeys } from "./ringHooks";
import type { ServerEvent } from "./types";
import { worklistKeys } from "./worklistHooks";

export const RECONNECT_FIRST_MS = 500;
export const RECONNECT_MOST_MS = 15_000;
/** How often pages ask while no event stream is open. */
export const POLL_WITHOUT_EVENTS_MS = 5_000;

/** Delay before attempt `n` (0-based): doubles up to a ceiling, so that a restarted server is not stormed. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(RECONNECT_FIRST_MS * 2 ** attempt, RECONNECT_MOST_MS);
}

/** Lists are asked for again at most so often, whatever arrives meanwhile: a study comes with many events. */
export const LISTS_AGAIN_MS = 3_000;

/** Calls at once, then at most every `intervalMs`, and never leaves the last call out. */
export function spaced(call: () => void, intervalMs: number): { ask: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  const turn = () => {
    timer = undefined;
    if (!isWanted) return;
    isWanted = false;
    timer = setTimeout(turn, intervalMs);
    call();
  };
  return {
    ask: () => {
      isWanted = true;
      if (timer === undefined) turn();
    },
    stop: () => clearTimeout(timer),
  };
}

/** The cached answers that an event makes stale. */
export function staleKeys(event: ServerEvent): readonly (readonly string[])[] {
  switch (event.type) {
    case "study-changed":
      return [
        keys.study(event.study_instance_uid),
        keys.studies,
        keys.consults,
        ["consult"],
        keys.patients,
        worklistKeys.all,
      ];
    case "findings-changed":
      return [keys.study(event.study_instance_uid), keys.studies, ["report"], ["consult"], worklistKeys.all];
    case "reading-changed":
      return [worklistKeys.reading(event.study_instance_uid), worklistKeys.all];
    case "key-images-changed":
      return [keyImageKey(event.study_instance_uid), ["chat"]];
    case "consult-changed":
      return [
        keys.consult(event.consult_id),
        worklistKeys.all,
        keys.consults,
        keys.report(event.consult_id),
        ...Object.values(calendarKeys),
        ringKeys.all,
        criticalKeys.waiting,
      ];
    case "chat-changed":
      return [chatKey(event.consult_id), worklistKeys.all];
    case "report-changed":
      return [keys.report(event.consult_id), keys.consult(event.consult_id)];
    case "retrieval-changed":
      return [archiveKeys.retrievals];
    case "agreements-changed":
      return [institutionKeys.agreements, keys.consults, keys.studies, worklistKeys.all];
    case "reminder-due":
      return [calendarKeys.reminders];
    case "notifications-changed":
      return [notificationKeys.list, ringKeys.all, criticalKeys.waiting];
    case "account-changed":
      return [keys.me];
    case "models-changed":
      return [modelKeys.reportCards];
    case "upload-changed":
      return [keys.upload(event.upload_id)];
  }
}

function parseEvent(data: unknown): ServerEvent | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null && "type" in value) return value as ServerEvent;
  } catch {
    // A frame that is no JSON is not for us.
  }
  return null;
}

/** Keep one event stream open until the returned function is called. */
export function followEvents(client: QueryClient, onOpenChange: (open: boolean) => void): () => void {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let stopped = false;
  const lists = spaced(() => void client.invalidateQueries({ queryKey: worklistKeys.all }), LISTS_AGAIN_MS);

  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/api/events`);
    socket.onopen = () => {
      // What happened while nobody listened is unknown: everything on screen is asked for again.
      if (attempt > 0) void client.invalidateQueries();
      attempt = 0;
      onOpenChange(true);
    };
    socket.onmessage = (message) => {
      const event = parseEvent(message.data);
      for (const queryKey of event === null ? [] : (staleKeys(event) ?? [])) {
        if (queryKey === worklistKeys.all) lists.ask();
        else void client.invalidateQueries({ queryKey });
      }
    };
    socket.onclose = () => {
      onOpenChange(false);
      if (stopped) return;
      timer = setTimeout(connect, reconnectDelayMs(attempt));
      attempt += 1;
    };
  };
  connect();

  return () => {
    stopped = true;
    clearTimeout(timer);
    lists.stop();
    socket?.close();
  };
}

const EventsOpen = createContext(false);
export const EventsOpenProvider = EventsOpen.Provider;

/** Hold the stream open while `enabled`; true while it is. */
export function useEventStream(enabled: boolean): boolean {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  useEffect(() => (enabled ? followEvents(client, setOpen) : undefined), [client, enabled]);
  return enabled && open;
}

/** Whether changes arrive by themselves at the moment. */
export const useEventsOpen = () => useContext(EventsOpen);

/** The polling interval for a page: none while events arrive. */
export const usePollMs = (): number | false => (useContext(EventsOpen) ? false : POLL_WITHOUT_EVENTS_MS);
