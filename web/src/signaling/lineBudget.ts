/** How much of the line uploads and images may take at the moment. The call says it, whoever sends or fetches asks. */
import { Store } from "../viewer/store";
import type { Share } from "./linePolicy";

export interface LineBudget {
  uploads: Share;
  /** Images ahead of the one that somebody looks at; that one is always fetched. */
  images: Share;
}

/** Without a call nothing yields. */
export const NO_CALL_BUDGET: LineBudget = { uploads: "free", images: "free" };

export const lineBudget = new Store<LineBudget>(NO_CALL_BUDGET);

/** Tell of a change only: whoever is told may break off a request. */
export function setLineBudget({ uploads, images }: LineBudget): void {
  const now = lineBudget.get();
  if (now.uploads !== uploads || now.images !== images) lineBudget.set({ uploads, images });
}
