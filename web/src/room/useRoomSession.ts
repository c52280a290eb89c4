import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

import type { JoinTicket } from "../api/types";
import { NOT_RECORDED } from "../signaling/reducer";
import { openSession, type Session, type SessionState } from "../signaling/session";
import { beginCall } from "../upload/calls";

export const NOT_CONNECTED: SessionState = {
  status: "connecting",
  selfId: null,
  participants: [],
  rights: [],
  presenterId: null,
  speakerId: null,
  viewer: null,
  pointers: {},
  measurements: {},
  takenAway: [],
  isRefused: false,
  locked: false,
  waiting: [],
  recording: NOT_RECORDED,
  lastStill: null,
  error: null,
};

const never = () => undefined;

export interface RoomSession {
  session: Session | null;
  state: SessionState;
  /** The ticket was refused or the server is away. */
  error: unknown;
  retry: () => void;
}

/** Where the tickets into a room come from; the same object for as long as it is the same room. */
export interface Door {
  fetchTicket: () => Promise<JoinTicket>;
  fetchRelayUrl: () => Promise<string>;
}

/** What the user sends: the open devices, and which of them are switched on. */
export interface Sending {
  stream: MediaStream | null;
  audio: boolean;
  video: boolean;
}

/** Hold one session for as long as the component lives, with the devices that are current. */
export function useRoomSession(
  door: Door,
  { stream, audio, video }: Sending,
  onMuted: () => void,
): RoomSession {
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const current = useRef({ stream, audio, video });
  const muted = useRef(onMuted);

  useEffect(() => {
    current.current = { stream, audio, video };
    void session?.setLocalStream(stream);
    session?.setMedia({ audio, video });
  }, [session, stream, audio, video]);

  useEffect(() => {
    muted.current = onMuted;
  });

  useEffect(() => {
    let opened: Session | null = null;
    let isOver = false;
    // Uploads of this page give way to speech.
    const callEnds = beginCall();
    const open = async () => {
      try {
        let first: JoinTicket | null = await door.fetchTicket();
        if (isOver) return;
        // The first grant is in hand; each reconnection asks for a fresh one.
        const fetchTicket = async () => {
          const ticket = first ?? (await door.fetchTicket());
          first = null;
          return { url: ticket.signaling_url, token: ticket.join_token };
        };
        const { stream: localStream, ...switched } = current.current;
        opened = openSession({
          fetchTicket,
          fetchUrl: door.fetchRelayUrl,
          localStream,
          onMuted: () => muted.current(),
        });
        // Before it connects: whoever enters muted is not heard for a moment.
        opened.setMedia(switched);
        setError(null);
        setSession(opened);
      } catch (reason) {
        if (!isOver) setError(reason);
      }
    };
    void open();
    return () => {
      isOver = true;
      callEnds();
      opened?.close();
      setSession(null);
    };
  }, [door, attempt]);

  const subscribe = useCallback((listener: () => void) => session?.subscribe(listener) ?? never, [session]);
  const state = useSyncExternalStore(subscribe, () => session?.getState() ?? NOT_CONNECTED);
  return { session, state, error, retry: () => setAttempt((count) => count + 1) };
}
