import { useEffect } from "react";

/** For a dialog that is there only while it is open: who had the focus before has it again afterwards. */
export function useFocusBack(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
}
