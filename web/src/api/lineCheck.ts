/** The two requests by which the line is measured; their bodies mean nothing. */
import { ApiError, CSRF_HEADER } from "./client";

async function exchange(query: string, options: RequestInit): Promise<void> {
  const answer = await fetch(`/api/line-check${query}`, { cache: "no-store", credentials: "same-origin", ...options });
  if (!answer.ok) throw new ApiError(answer.status, `http-${answer.status}`, `HTTP ${answer.status}`, null);
  await answer.arrayBuffer();
}

/** The most that crypto gives at once. */
const RANDOM_AT_ONCE = 65_536;

function noise(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += RANDOM_AT_ONCE) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_AT_ONCE));
  return bytes;
}

export const lineExchange = {
  receive: (sizeBytes: number, signal: AbortSignal) => exchange(`?size_bytes=${sizeBytes}`, { signal }),
  send: (sizeBytes: number, signal: AbortSignal) =>
    exchange("", { method: "POST", headers: CSRF_HEADER, body: noise(sizeBytes), signal }),
};
