import { ActionIcon, Tooltip } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";

import classes from "./viewer.module.css";

export interface ToolButtonProps {
  label: string;
  shortcut?: string;
  icon: Icon;
  pressed?: boolean;
  /** Beside the symbol: how many there are. */
  count?: number;
  className?: string | undefined;
  onPress: () => void;
}

export function ToolButton({ label, shortcut, icon: Symbol, pressed, count = 0, className, onPress }: ToolButtonProps) {
  return (
    <Tooltip label={shortcut === undefined ? label : `${label} (${shortcut})`}>
      <ActionIcon
        className={className === undefined ? classes.tool : `${classes.tool} ${className}`}
        variant="subtle"
        color="gray"
        aria-label={count > 0 ? `${label}: ${count}` : label}
        aria-pressed={pressed}
        aria-keyshortcuts={shortcut}
        // A click leaves the focus where it was: the space bar goes on playing, and presses no button again.
        onMouseDown={(event) => event.preventDefault()}
        onClick={onPress}
      >
        <Symbol size={19} stroke={1.7} aria-hidden />
        {count > 0 && <span className={classes.count}>{count}</span>}
      </ActionIcon>
    </Tooltip>
  );
}
