import { useEffect, useRef, useState, useSyncExternalStore } from "react";

import { fetchJoinTicket } from "../api/hooks";
import { openSession, type Session, type SessionState } from "../signaling/session";

export const NOT_CONNECTED: SessionState = {
  status: "connecting",
  selfId: null,
  participants: [],
  presenterId: null,
  viewer: null,
  pointers: {},
  error: null,
};

const never = () => () => undefined;
const notConnected = () => NOT_CONNECTED;

export interface RoomSession {
  session: Session | null;
  state: SessionState;
  /** The ticket was refused or the server is away. */
  error: unknown;
  retry: () => void;
}

/** Hold one session for as long as the component lives, with the stream that is current. */
export function useRoomSession(consultId: string, stream: MediaStream | null): RoomSession {
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const current = useRef(stream);

  useEffect(() => {
    current.current = stream;
    void session?.setLocalStream(stream);
  }, [session, stream]);

  useEffect(() => {
    let opened: Session | null = null;
    let isOver = false;
    const open = async () => {
      try {
        const ticket = await fetchJoinTicket(consultId);
        if (isOver) return;
        // The first grant is in hand; each reconnection asks for a fresh one.
        let grant: string | null = ticket.join_token;
        const fetchToken = async () => {
          const token = grant ?? (await fetchJoinTicket(consultId)).join_token;
          grant = null;
          return token;
        };
        opened = openSession({ url: ticket.signaling_url, fetchToken, localStream: current.current });
        setError(null);
        setSession(opened);
      } catch (reason) {
        if (!isOver) setError(reason);
      }
    };
    void open();
    return () => {
      isOver = true;
      opened?.close();
      setSession(null);
    };
  }, [consultId, attempt]);

  const state = useSyncExternalStore(session?.subscribe ?? never, session?.getState ?? notConnected);
  return { session, state, error, retry: () => setAttempt((count) => count + 1) };
}
