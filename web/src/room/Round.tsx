import { Tooltip } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";

import classes from "./room.module.css";

export interface RoundProps {
  label: string;
  icon: Icon;
  pressed?: boolean;
  /** Whether what the button opens is open; its words would stand in the way then. */
  expanded?: boolean;
  tone?: "off";
  /** The key that does the same. */
  shortcut?: string;
  disabled?: boolean;
  onPress: () => void;
}

/** A round button of the room's toolbar; its words are in the tooltip. */
export function Round({ label, icon: Symbol, pressed, expanded, tone, shortcut, disabled, onPress }: RoundProps) {
  return (
    <Tooltip label={shortcut === undefined ? label : `${label} (${shortcut})`} disabled={expanded === true}>
      <button
        type="button"
        className={classes.round}
        aria-label={label}
        aria-pressed={pressed}
        aria-expanded={expanded}
        aria-disabled={disabled}
        aria-keyshortcuts={shortcut}
        data-tone={tone}
        onClick={disabled === true ? undefined : onPress}
      >
        <Symbol size={20} stroke={1.8} aria-hidden />
      </button>
    </Tooltip>
  );
}
