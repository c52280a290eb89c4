import type { ReactNode } from "react";

import classes from "./ui.module.css";

export interface PanelProps {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Lists reach the panel's edge; text keeps a distance from it. */
  flush?: boolean;
  label?: string;
}

export function Panel({ title, actions, children, flush = false, label }: PanelProps) {
  return (
    <section className={classes.panel} aria-label={label}>
      {(title !== undefined || actions !== undefined) && (
        <div className={classes.panelHead}>
          {title !== undefined && <h2 className={classes.panelTitle}>{title}</h2>}
          {actions}
        </div>
      )}
      <div className={flush ? undefined : classes.panelBody}>{children}</div>
    </section>
  );
}
