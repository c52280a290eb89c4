"""Fuzz one target with atheris, coverage-guided: `python -m tests.fuzz rtcp -max_total_time=60`.

Several, with commas between them, come one after the other. What follows goes to libFuzzer; without `-runs`
or `-max_total_time` it goes on until it finds something. An input that raises is written where
`-artifact_prefix` says, and the exit status is not 0.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

FOLLOWED = ["signaling", "aiortc", "aioice", "imaging.intake", "imaging.parsing"]
with atheris.instrument_imports(include=FOLLOWED):
    from tests.fuzz.targets import SEEDS, TARGETS


def main() -> None:
    names = sys.argv[1].split(",") if len(sys.argv) > 1 else []
    if not names or not set(names) <= TARGETS.keys():
        sys.exit(f"usage: python -m tests.fuzz {{{','.join(TARGETS)}}} [libFuzzer option...]")
    for name in names:
        if status := fuzz(name):
            sys.exit(status)


def fuzz(name: str) -> int:
    """In a process of its own, as libFuzzer ends it; its exit status."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / f"{number}").write_bytes(seed)
        fuzzing = os.fork()
        if fuzzing == 0:
            atheris.Setup([sys.argv[0], *sys.argv[2:], corpus], TARGETS[name])
            atheris.Fuzz()  # ends the process
        _, status = os.waitpid(fuzzing, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
