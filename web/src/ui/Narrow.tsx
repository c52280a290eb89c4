import type { ReactNode } from "react";

import classes from "./ui.module.css";

/** A page that is read or filled in from top to bottom: no line grows too long on a wide screen. */
export function Narrow({ children }: { children: ReactNode }) {
  return <div className={classes.narrow}>{children}</div>;
}
