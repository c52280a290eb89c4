/** As `latestOnly`, for values that have keys: at most once in `spacingMs`, of each key the latest. */
import { latestOnly } from "./latestOnly";

export interface LatestOfEach<T> {
  send: (key: string, value: T) => void;
  /** What waits of this key is not sent. */
  drop: (key: string) => void;
  cancel: () => void;
}

export function latestOfEach<T>(deliver: (value: T) => void, spacingMs: number): LatestOfEach<T> {
  const waiting = new Map<string, T>();
  const gate = latestOnly<null>(() => {
    const values = [...waiting.values()];
    waiting.clear();
    for (const value of values) deliver(value);
  }, spacingMs);
  return {
    send: (key, value) => {
      waiting.set(key, value);
      gate.send(null);
    },
    drop: (key) => waiting.delete(key),
    cancel: () => {
      gate.cancel();
      waiting.clear();
    },
  };
}
