"""The parts that are killed, and how long each is away: until it runs again, and until it answers."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from teleconsult.readiness import ReadyCheck, http_answers, redis_answers
from teleconsult.services import ORTHANC_USERNAME
from tests.installation_server import Installation
from tests.processes import kill, processes

MODEL: Final = "lung_nodule_ct"
BACK_WITHIN_S = 120.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its name, a word of its command line, and whether it answers now."""

    name: str
    word: str
    answers: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Recovery:
    """One kill.

    Attributes:
        at_s: when, since the first kill, in seconds.
        gone_s: from the kill until the next process stood.
        ready_s: from then until it answered.
    """

    part: str
    at_s: float
    gone_s: float
    ready_s: float


def parts_of(installation: Installation) -> dict[str, Part]:
    """The parts of a running installation that may be killed, by name."""
    ports = json.loads((installation.data / "config.json").read_text())["inner_ports"]
    secrets = installation.data / "secrets"
    redis_password = (secrets / "redis_password").read_text().strip()
    archive = {
        "username": ORTHANC_USERNAME,
        "password": (secrets / "orthanc_password").read_text().strip(),
    }
    checks = {
        "app": http_answers("127.0.0.1", installation.port, "/api/health"),
        "relay": http_answers("127.0.0.1", installation.port + 1, "/health"),
        "redis": redis_answers("127.0.0.1", ports["redis"], redis_password),
        "orthanc": http_answers("127.0.0.1", ports["orthanc_http"], "/system", **archive),
    }
    words = {"app": "uvicorn", "relay": "signaling.main", "redis": "redis-server", "orthanc": "Orthanc"}
    found = {name: Part(name, words[name], _asking(check)) for name, check in checks.items()}
    return {**found, "worker": Part("worker", f"-n {MODEL}@", _Worker(installation))}


def _asking(check: ReadyCheck) -> Callable[[], bool]:
    return lambda: asyncio.run(check())


class _Worker:
    """A worker answers to nobody: it says in its log that it is ready, once more after each start."""

    def __init__(self, installation: Installation) -> None:
        self._log = installation.data / "logs" / f"worker-{MODEL}.log"
        self._said = self._count()

    def __call__(self) -> bool:
        said = self._count()
        if said == self._said:
            return False
        self._said = said
        return True

    def _count(self) -> int:
        return self._log.read_bytes().count(b" ready.")


def kill_and_wait(installation: Installation, part: Part, since: float) -> Recovery:
    """kill -9 all processes of the part, and return once another answers.

    Args:
        since: the moment, of the monotonic clock, from which `at_s` counts.
    """
    killed_at = time.monotonic()
    victims = set(kill(installation, part.word))

    def until(holds: Callable[[], bool], what: str) -> float:
        while not holds():
            away_s = time.monotonic() - killed_at
            assert away_s < BACK_WITHIN_S, f"{part.name} was killed and not {what} after {away_s:.0f} s"
            time.sleep(LOOK_S)
        return time.monotonic()

    stood_at = until(lambda: bool(set(processes(installation, part.word)) - victims), "started again")
    ready_at = until(part.answers, "ready")
    return Recovery(part.name, killed_at - since, stood_at - killed_at, ready_at - stood_at)
