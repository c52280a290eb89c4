/** The reader-first setting of the user who is signed in, kept in this browser. */
import { useMemo, useSyncExternalStore } from "react";

import { useMe } from "../api/hooks";
import type { StudyDetail } from "../api/types";
import { asSeen, hidesAi, parseReaderFirst, readerFirstKey, withRead, type ReaderFirst } from "./readerFirst";
import { Store } from "./store";

const stores = new Map<string, Store<ReaderFirst>>();

function storeOf(userId: string): Store<ReaderFirst> {
  const existing = stores.get(userId);
  if (existing !== undefined) return existing;
  const made = new Store(parseReaderFirst(localStorage.getItem(readerFirstKey(userId))));
  stores.set(userId, made);
  return made;
}

function keep(userId: string, state: ReaderFirst): void {
  localStorage.setItem(readerFirstKey(userId), JSON.stringify(state));
  storeOf(userId).set(state);
}

export interface ReaderFirstOfStudy {
  isOn: boolean;
  /** AI results of this study are not to be shown. */
  hides: boolean;
  setOn: (on: boolean) => void;
  /** The reader has read the study. */
  commit: () => void;
}

function useSetting() {
  const userId = useMe().data?.id ?? "";
  const store = storeOf(userId);
  return { userId, store, state: useSyncExternalStore(store.subscribe, store.get) };
}

export function useReaderFirst(studyInstanceUid: string): ReaderFirstOfStudy {
  const { userId, store, state } = useSetting();
  return useMemo(
    () => ({
      isOn: state.isOn,
      hides: hidesAi(state, studyInstanceUid),
      setOn: (isOn: boolean) => keep(userId, { ...store.get(), isOn }),
      commit: () => keep(userId, withRead(store.get(), studyInstanceUid)),
    }),
    [state, store, userId, studyInstanceUid],
  );
}

/** The study as this reader may see it now. */
export function useSeenStudy(study: StudyDetail): StudyDetail {
  const { state } = useSetting();
  return useMemo(() => asSeen(study, state), [study, state]);
}
