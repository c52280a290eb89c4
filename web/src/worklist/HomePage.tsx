import { Navigate } from "react-router";

import { useMe } from "../api/hooks";
import { onlyAdministers } from "./sections";
import { WorklistPage } from "./WorklistPage";

/** The worklist; for an administrator, who has no patients, the devices. */
export function HomePage() {
  const me = useMe().data;
  if (me && onlyAdministers(me)) return <Navigate to="/devices" replace />;
  return <WorklistPage />;
}
