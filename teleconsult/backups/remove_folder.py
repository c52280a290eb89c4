"""Removes a folder once its own input ends, so that a killed backup leaves nothing to read.

Run with the folder's name, in a session of its own. Standard library only.
"""

import shutil
import signal
import sys


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
