import { useMemo, useSyncExternalStore } from "react";

import { uploadSession, type UploadSession, type UploadState } from "./session";

/** The upload that belongs to this place, and what it has come to. */
export function useUploadSession(consultId: string | undefined): { session: UploadSession; state: UploadState } {
  const session = useMemo(() => uploadSession(consultId), [consultId]);
  const state = useSyncExternalStore(session.subscribe, session.getState);
  return { session, state };
}
