import { notifications } from "@mantine/notifications";
import type { RefObject } from "react";

import type { Me } from "../api/types";
import { useAssign, type WorklistRow } from "../api/worklistHooks";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { useProblemText } from "../ui/problem";

export interface RowKeysInput {
  rows: readonly WorklistRow[];
  gone: ReadonlySet<string>;
  current: string | null;
  me: Me;
  grid: RefObject<HTMLDivElement | null>;
  search: RefObject<HTMLInputElement | null>;
  onFilters: () => void;
}

/** The whole list by keyboard: J and K or the arrows, Enter, A takes, / searches, F filters. */
export function useRowKeys({ rows, gone, current, me, grid, search, onFilters }: RowKeysInput) {
  const { mutate: assign } = useAssign();
  const say = useProblemText();
  const onError = (error: unknown) => notifications.show({ color: "signal", message: say(error) });
  const at = rows.findIndex((row) => row.id === current);
  const row = gone.has(current ?? "") ? undefined : rows[at];
  const hasFocus = () => grid.current?.contains(document.activeElement) === true;
  const go = (to: number) => {
    const wanted = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (wanted === undefined) return;
    const there = grid.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(wanted.id)}"]`);
    there?.focus({ preventScroll: true });
    there?.scrollIntoView({ block: "nearest" });
  };
  // The first key goes to the row that is marked, or the first; only then along.
  const step = (by: number) => () => go(hasFocus() ? at + by : Math.max(at, 0));
  useKeys({
    [KEYS.worklist.next]: step(1),
    [KEYS.worklist.nextToo]: step(1),
    [KEYS.worklist.previous]: step(-1),
    [KEYS.worklist.previousToo]: step(-1),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    [KEYS.worklist.search]: () => search.current?.select(),
    [KEYS.worklist.filters]: onFilters,
    [KEYS.worklist.take]: () => {
      if (row?.reading?.is_own !== true || row.reading.assigned_to?.id === me.id) return;
      assign({ uid: row.id, to: me.id, was: row.reading.assigned_to?.id ?? null }, { onError });
    },
  });
}
