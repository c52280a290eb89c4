/** Sends at most once in `spacingMs`, and then the latest value: what nobody would see is not sent. */
export interface LatestOnly<T> {
  send: (value: T) => void;
  /** The same, but never at once: the first waits for `spacingMs` too. */
  sendLater: (value: T) => void;
  cancel: () => void;
}

export function latestOnly<T>(deliver: (value: T) => void, spacingMs: number): LatestOnly<T> {
  let waiting: { value: T } | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const pass = () => {
    timer = null;
    if (waiting === null) return;
    const { value } = waiting;
    waiting = null;
    timer = setTimeout(pass, spacingMs);
    deliver(value);
  };
  return {
    send: (value) => {
      waiting = { value };
      if (timer === null) pass();
    },
    sendLater: (value) => {
      waiting = { value };
      timer ??= setTimeout(pass, spacingMs);
    },
    cancel: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting = null;
    },
  };
}
