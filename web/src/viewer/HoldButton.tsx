/** A button that a touch in passing does not press: it, or its key, is held for a moment. */
import { useCallback, useEffect, useRef, useState } from "react";

import { isTyping } from "../app/keys";
import classes from "./viewer.module.css";

const HOLD_MS = 800;

export interface HoldButtonProps {
  /** The key that presses it from anywhere on the page, as long as it is held. */
  keyName: string;
  label: string;
  hint: string;
  onHeld: () => void;
}

export function HoldButton({ keyName, label, hint, onHeld }: HoldButtonProps) {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef<number | null>(null);
  const release = useCallback(() => {
    if (timer.current !== null) window.clearTimeout(timer.current);
    timer.current = null;
    setHeld(false);
  }, []);
  const press = useCallback(() => {
    if (timer.current !== null) return;
    setHeld(true);
    timer.current = window.setTimeout(() => {
      release();
      onHeld();
    }, HOLD_MS);
  }, [onHeld, release]);

  useEffect(() => {
    const onDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== keyName || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"]') !== null) return;
      press();
    };
    const onUp = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === keyName) release();
    };
    window.addEventListener("keydown", onDown);
    window.addEventListener("keyup", onUp);
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("keydown", onDown);
      window.removeEventListener("keyup", onUp);
      window.removeEventListener("blur", release);
      release();
    };
  }, [keyName, press, release]);

  return (
    <button
      type="button"
      className={classes.hold}
      data-held={isHeld || undefined}
      onPointerDown={press}
      onPointerUp={release}
      onPointerLeave={release}
      onContextMenu={(event) => event.preventDefault()}
      // A keyboard or a screen reader that has gone to the button means it.
      onClick={(event) => {
        if (event.detail === 0) onHeld();
      }}
    >
      {label}
      <small>{hint}</small>
    </button>
  );
}
