/** The viewer of a page, apart from the page: its script is the largest, and a page stands without it. */
import { lazy } from "react";

const fetchScript = () => import("./ViewerLayout");

export const ViewerLayout = lazy(async () => ({ default: (await fetchScript()).ViewerLayout }));

/** Have the script on its way before the page asks for it; where it cannot be had, the page says so then. */
export const fetchViewerAhead = () => {
  fetchScript().catch(() => undefined);
};
