import { useMemo, useSyncExternalStore } from "react";

import type { UploadSession, UploadState } from "./session";
import { uploadSession } from "./uploads";

/** The upload that belongs to this place, and what it has come to. */
export function useUploadSession(consultId: string | undefined): { session: UploadSession; state: UploadState } {
  const session = useMemo(() => uploadSession(consultId), [consultId]);
  const state = useSyncExternalStore(session.subscribe, session.getState);
  return { session, state };
}
