"""Ends every process group of a supervisor that was killed. Run as a script; standard library only.

The kernel ends our direct children with their parent (PR_SET_PDEATHSIG), but not the children of those,
such as the pool process of a Celery worker. So the supervisor writes each process group to our standard
input, "+123" when it begins and "-123" when it is gone. The end of the input means that the supervisor is
gone, however that came about. We also hold its lock file open until then: nobody can start anew on the data
folder while the old parts still run.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
