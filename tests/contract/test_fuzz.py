"""A short round of the fuzzers; `make fuzz` goes on for longer."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

pytest.importorskip("atheris", reason="atheris has no wheel for this processor")

ROUNDS = 3_000


def test_whatever_bytes_a_stranger_sends_are_refused_quietly(tmp_path: Path) -> None:
    """All in one process: to instrument what is followed takes longer than these rounds."""
    command = [sys.executable, "-m", "tests.fuzz", ",".join(TARGETS)]
    options = [f"-runs={ROUNDS}", "-seed=1", "-verbosity=0", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
