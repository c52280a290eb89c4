/** Whether somebody at this page is in a call: uploads then give way to speech. */

let count = 0;
const listeners = new Set<() => void>();

/** A call began; call the returned function when it is over. */
export function beginCall(): () => void {
  let isOver = false;
  count += 1;
  return () => {
    if (isOver) return;
    isOver = true;
    count -= 1;
    listeners.forEach((listener) => listener());
  };
}

export const isInCall = () => count > 0;

export function onCallOver(listener: () => void): void {
  listeners.add(listener);
}
