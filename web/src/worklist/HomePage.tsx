import { Navigate } from "react-router";

import { useMe } from "../api/hooks";
import { hasNoPatients } from "./sections";
import { WorklistPage } from "./WorklistPage";

/** The worklist; for who has no patients, the page that is theirs. */
export function HomePage() {
  const me = useMe().data;
  if (me && hasNoPatients(me)) {
    return <Navigate to={me.roles.includes("administrator") ? "/devices" : "/privacy"} replace />;
  }
  return <WorklistPage />;
}
