import type { Icon } from "@tabler/icons-react";
import type { CSSProperties, ReactNode } from "react";

import type { Tone } from "../app/theme";
import classes from "./ui.module.css";

/** The colours of a tone as the variables that the stylesheets read. */
export const toneStyle = (tone: Tone) =>
  ({ "--tone": `var(--tone-${tone})`, "--tone-bg": `var(--tone-${tone}-bg)` }) as CSSProperties;

export interface TagProps {
  tone: Tone;
  icon: Icon;
  children: ReactNode;
  plain?: boolean;
}

/** A state as icon and word; the colour only repeats what they say. */
export function Tag({ tone, icon: Symbol, children, plain = false }: TagProps) {
  return (
    <span className={classes.tag} style={toneStyle(tone)} data-plain={plain || undefined}>
      <Symbol size={14} stroke={2} aria-hidden />
      {children}
    </span>
  );
}
