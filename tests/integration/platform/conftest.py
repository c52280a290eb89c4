"""Real supervisors with real servers, each on its own ports and data folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from teleconsult.installation import OUTER_PORTS
from tests.free_ports import first_of_free_ports
from tests.janus_server import janus_server

__all__ = ["janus_server"]

SCRIPT = Path(__file__).with_name("some_parts.py")
REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE_S = 90.0


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    give_up_at = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_at, f"in vain waited until {what}"
        time.sleep(0.05)


@dataclass
class Running:
    """One supervisor under test and what it started."""

    data: Path
    port: int
    names: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> "Running":
        self.output.parent.mkdir(parents=True, exist_ok=True)
        given = {name: value for name, value in os.environ.items() if not name.startswith("TELECONSULT_")}
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self.data), str(self.port), *self.names],
            stdin=subprocess.DEVNULL,
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
            text=True,
            env={**given, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(REPOSITORY), **self.environment},
        )
        return self

    @property
    def output(self) -> Path:
        return self.data.with_name(self.data.name + ".output")

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def supervisor(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def wait_ready(self) -> "Running":
        def is_ready() -> bool:
            assert self.supervisor.poll() is None, self.said
            return "everything is ready" in self.said

        wait_until(is_ready, "everything is ready")
        return self

    def send(self, number: signal.Signals) -> None:
        self.supervisor.send_signal(number)

    def wait_end(self, timeout_s: float = PATIENCE_S) -> int:
        return self.supervisor.wait(timeout_s)

    def processes(self) -> dict[int, str]:
        """Every process that works in the data folder or below, with its command line; descendants too."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                if (entry / "cwd").readlink().is_relative_to(self.data):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = command
            except OSError:  # ended meanwhile
                continue
        return found

    def pids(self, words: str) -> set[int]:
        return {pid for pid, command in self.processes().items() if words in command}


@pytest.fixture
def an_installation(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Make supervisors; whatever they leave behind is ended afterwards."""
    for program in ("redis-server", "Orthanc"):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            pytest.skip(f"{program} is not installed; run 'make setup'")
    made: list[Running] = []

    def make(*names: str, data: str = "data", port: int | None = None, **environment: str) -> Running:
        running = Running(tmp_path / data, port or first_of_free_ports(OUTER_PORTS), names, environment)
        made.append(running)
        return running.start()

    yield make
    for running in made:
        if running.supervisor.poll() is None:
            running.send(signal.SIGKILL)
            running.wait_end()
        wait_until(lambda running=running: not running.processes(), "nothing of the test is left")  # type: ignore[misc]


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[[Callable[[], bool], str], None]:
    return wait_until
