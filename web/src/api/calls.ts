/** Telling how a call went. */
import { CSRF_HEADER } from "./client";
import type { CallFigures } from "./types";

/** Also while the page goes away (`keepalive`); a report that is lost is made good by the next one. */
export async function tellCallQuality(consultId: string, callId: string, figures: CallFigures): Promise<void> {
  try {
    await fetch(`/api/consults/${encodeURIComponent(consultId)}/calls/${callId}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", ...CSRF_HEADER },
      credentials: "same-origin",
      body: JSON.stringify(figures),
      keepalive: true,
    });
  } catch {
    // The line is down: that is in the figures.
  }
}
