import type { ReactNode } from "react";

import classes from "./ui.module.css";

export interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, lead, actions }: PageHeadProps) {
  return (
    <div className={classes.pageHead}>
      <div>
        <h1 className={classes.pageTitle}>{title}</h1>
        {lead !== undefined && <div className={classes.pageLead}>{lead}</div>}
      </div>
      {actions}
    </div>
  );
}
