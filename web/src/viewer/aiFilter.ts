/** Which AI marks are shown. */
import type { Finding } from "../api/types";
import { Store } from "./store";

/** The least probability of a mark that is shown, 0 to 1; kept until the page is closed. */
export const leastProbability = new Store(0);

/** The findings to mark: the one that the reader has selected is never filtered away. */
export const shownFindings = (findings: readonly Finding[], least: number, selectedId: string | null) =>
  findings.filter(({ id, probability }) => probability >= least || id === selectedId);
