"""The ladder of an urgent request that nobody accepts: who is told besides, and after how long. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from teleconsult.consults.consult import Urgency


class Audience(StrEnum):
    COORDINATORS = "coordinators"  # of the institutions that the request reaches
    GENERAL = "general"  # their specialists of the specialty `general`, who may then accept it too
    ADMINISTRATORS = "administrators"


@dataclass(frozen=True, slots=True)
class Rung:
    after: timedelta  # since the request was submitted
    tells: tuple[Audience, ...]

    @property
    def reason(self) -> str:
        """As the step stands in the consult's history."""
        return ",".join(self.tells)


def _rung(minutes: float, *tells: Audience) -> Rung:
    return Rung(timedelta(minutes=minutes), tells)


Ladders = Mapping[Urgency, tuple[Rung, ...]]
RINGS = frozenset({Urgency.URGENT, Urgency.EMERGENCY})
USUAL: Ladders = {
    Urgency.EMERGENCY: (
        _rung(2, Audience.COORDINATORS),
        _rung(5, Audience.GENERAL, Audience.ADMINISTRATORS),
    ),
    Urgency.URGENT: (
        _rung(15, Audience.COORDINATORS),
        _rung(30, Audience.GENERAL, Audience.ADMINISTRATORS),
    ),
}


def due(ladder: tuple[Rung, ...], rung: int, submitted_at: datetime) -> datetime | None:
    """When a rung (0-based) is reached; None: the ladder has no more."""
    return submitted_at + ladder[rung].after if rung < len(ladder) else None


def ladders_from(file: Path | None) -> Ladders:
    """The usual ones, with those that a JSON file names in their place (docs/notifications.md).

    Raises:
        ValueError: the file says something else, or rungs that do not rise.
    """
    if file is None:
        return USUAL
    try:
        given = json.loads(file.read_text())
        ladders = dict(USUAL) | {Urgency(name): _ladder(rungs) for name, rungs in given.items()}
    except (OSError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{file} holds no ladders: {error}") from error
    if not ladders.keys() <= RINGS:
        raise ValueError("only urgent and emergency requests ring")
    return ladders


def _ladder(rungs: list[Mapping[str, Any]]) -> tuple[Rung, ...]:
    ladder = tuple(_rung(float(rung["after_minutes"]), *map(Audience, rung["tells"])) for rung in rungs)
    times = [timedelta(0), *(rung.after for rung in ladder)]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("each rung comes after the one before it")
    return ladder
