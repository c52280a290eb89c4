import { Navigate } from "react-router";

import { useMe } from "../api/hooks";
import { homeOf } from "./sections";
import { WorklistPage } from "./WorklistPage";

/** The worklist; for who has no patients, the page that is theirs. */
export function HomePage() {
  const me = useMe().data;
  const home = me ? homeOf(me) : "/";
  return home === "/" ? <WorklistPage /> : <Navigate to={home} replace />;
}
