/** The uploads of this page, one for each place that takes files; and what the rest of the page asks of them. */
import { lineBudget } from "../signaling/lineBudget";
import { onCallOver } from "./calls";
import { UploadSession } from "./session";

const sessions = new Map<string, UploadSession>();
const anyListeners = new Set<() => void>();

/** The upload of one place: the upload page, or one consult's room. It is the same one on every visit. */
export function uploadSession(consultId?: string): UploadSession {
  const key = consultId ?? "";
  let session = sessions.get(key);
  if (session === undefined) {
    session = new UploadSession(consultId);
    session.subscribe(() => anyListeners.forEach((listener) => listener()));
    sessions.set(key, session);
  }
  return session;
}

/** How far all uploads together are, 0..1; null while none is under way. */
export function overallProgress(): number | null {
  const active = [...sessions.values()].filter((session) => session.isActive).map((session) => session.getState().summary);
  if (active.length === 0) return null;
  const total = active.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
  const sent = active.reduce((sum, { sent_bytes }) => sum + sent_bytes, 0);
  return total === 0 ? 0 : sent / total;
}

export function subscribeToUploads(listener: () => void): () => void {
  anyListeners.add(listener);
  return () => anyListeners.delete(listener);
}

onCallOver(() => sessions.forEach((session) => session.retry()));

lineBudget.subscribe(() => {
  const isNeeded = lineBudget.get().uploads === "paused";
  sessions.forEach((session) => session.yieldToSpeech(isNeeded));
});

// A network that comes back is worth trying at once.
window.addEventListener("online", () => sessions.forEach((session) => session.retry()));

// Leaving the page would end every upload under way: the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if (overallProgress() !== null) event.preventDefault();
});
