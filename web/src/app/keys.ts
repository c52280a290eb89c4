import { useEffect } from "react";

/** True where a letter key is text: shortcuts keep out of it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** True where the space bar presses what has the focus. */
const pressesItself = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("button, a, summary, [role=button], [role=menuitem]") !== null;

/** As it is printed on the key: "J" for "j"; "Ctrl+Z" and the like are written so already. */
export const shownKey = (key: string) => (key.length === 1 ? key.toUpperCase() : key);

export type KeyMap = Readonly<Record<string, () => void>>;

/** A key as a KeyMap names it: letters small, "Ctrl+" and "Ctrl+Shift+" before those with a modifier (Command is Ctrl). */
function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!event.ctrlKey && !event.metaKey) return key;
  return event.shiftKey ? `Ctrl+Shift+${key}` : `Ctrl+${key}`;
}

/** Shortcuts for as long as the component lives; none while typing or in a dialog. */
export function useKeys(keys: KeyMap, enabled = true) {
  useEffect(() => {
    if (!enabled) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || isTyping(event.target)) return;
      if (event.key === " " && pressesItself(event.target)) return;
      if (document.querySelector('[role="dialog"]') !== null) return;
      const action = keys[nameOf(event)];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [keys, enabled]);
}
