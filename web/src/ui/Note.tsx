import { IconAlertTriangle, IconCircleCheck, IconExclamationCircle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";

import type { Tone } from "../app/theme";
import { toneStyle } from "./Tag";
import classes from "./ui.module.css";

const ICONS = {
  signal: IconExclamationCircle,
  amber: IconAlertTriangle,
  moss: IconCircleCheck,
  petrol: IconInfoCircle,
  neutral: IconInfoCircle,
} as const;

export interface NoteProps {
  tone: Tone;
  title?: string;
  children?: ReactNode;
  /** Said aloud by a screen reader as soon as it appears. */
  alert?: boolean;
}

export function Note({ tone, title, children, alert = false }: NoteProps) {
  const Symbol = ICONS[tone];
  return (
    <div className={classes.note} style={toneStyle(tone)} role={alert ? "alert" : undefined}>
      <Symbol size={18} aria-hidden />
      <div className={classes.noteBody}>
        {title !== undefined && <div className={classes.noteTitle}>{title}</div>}
        {children}
      </div>
    </div>
  );
}
