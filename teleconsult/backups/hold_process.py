"""Holds a process still until its own input ends, so that a killed backup leaves nothing standing.

Run with the process's number. Says "stands" once it does; exits with 0 where it stood to the end. Standard
library only.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path

STOPPED_WITHIN_S = 5.0
LONGEST_PAUSE_S = 60.0


def hold(process: int) -> bool:
    try:
        os.kill(process, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    try:
        give_up_at = time.monotonic() + STOPPED_WITHIN_S
        while not _stands(process):
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.001)  # between two looks at the condition
        sys.stdout.write("stands\n")
        sys.stdout.flush()
        ended, _, _ = select.select([sys.stdin], [], [], LONGEST_PAUSE_S)
        return bool(ended)
    finally:
        os.kill(process, signal.SIGCONT)


def _stands(process: int) -> bool:
    """Every thread is stopped: one that is still in a system call finishes it first."""
    try:
        threads = [(thread / "stat").read_text() for thread in Path(f"/proc/{process}/task").iterdir()]
    except OSError:
        return False
    return all(text.rpartition(")")[2].split()[0] in "TZX" for text in threads)


if __name__ == "__main__":
    sys.exit(0 if hold(int(sys.argv[1])) else 1)
