"""Ladders: who is told besides, and after how long, while nobody takes what waits. Pure.

A request waits for somebody who accepts it, a critical result for somebody who acknowledges it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from teleconsult.consults.consult import Urgency
from teleconsult.critical_results.category import Category


class Audience(StrEnum):
    COORDINATORS = "coordinators"  # of the institutions that the request reaches; of the one that asked
    GENERAL = "general"  # specialists of `general` whom the request reaches, who may then accept it too
    COLLEAGUES = "colleagues"  # of whoever asked, who may acknowledge the result too
    SPECIALIST = "specialist"  # who found it, and is to telephone
    ADMINISTRATORS = "administrators"  # as coordinators


@dataclass(frozen=True, slots=True)
class Rung:
    after: timedelta  # since the waiting began
    tells: tuple[Audience, ...]

    @property
    def reason(self) -> str:
        """As the step stands in the history of what waits."""
        return ",".join(self.tells)


def _rung(minutes: float, *tells: Audience) -> Rung:
    return Rung(timedelta(minutes=minutes), tells)


Ladders = Mapping[str, tuple[Rung, ...]]
RINGS = frozenset({Urgency.URGENT, Urgency.EMERGENCY})


def ladder_of(category: Category) -> str:
    """The name of a critical result's ladder; that of a request is its urgency."""
    return f"critical-{category}"


USUAL: Ladders = {
    Urgency.EMERGENCY: (
        _rung(2, Audience.COORDINATORS),
        _rung(5, Audience.GENERAL, Audience.ADMINISTRATORS),
    ),
    Urgency.URGENT: (
        _rung(15, Audience.COORDINATORS),
        _rung(30, Audience.GENERAL, Audience.ADMINISTRATORS),
    ),
    ladder_of(Category.MINUTES): (
        _rung(10, Audience.COLLEAGUES, Audience.COORDINATORS),
        _rung(15, Audience.SPECIALIST),
        _rung(30, Audience.ADMINISTRATORS),
    ),
    ladder_of(Category.HOURS): (
        _rung(120, Audience.COLLEAGUES, Audience.COORDINATORS),
        _rung(240, Audience.SPECIALIST),
    ),
    ladder_of(Category.DAYS): (
        _rung(24 * 60, Audience.COLLEAGUES, Audience.COORDINATORS),
        _rung(48 * 60, Audience.SPECIALIST),
    ),
}
_OF_REQUESTS = frozenset({Audience.COORDINATORS, Audience.GENERAL, Audience.ADMINISTRATORS})
_OF_RESULTS = frozenset(Audience) - {Audience.GENERAL}


def due(ladder: tuple[Rung, ...], rung: int, began_at: datetime) -> datetime | None:
    """When a rung (0-based) is reached; None: the ladder has no more."""
    return began_at + ladder[rung].after if rung < len(ladder) else None


def ladders_from(file: Path | None) -> Ladders:
    """The usual ones, with those that a JSON file names in their place (docs/notifications.md).

    Raises:
        ValueError: the file says something else, or rungs that do not rise.
    """
    if file is None:
        return USUAL
    try:
        given = json.loads(file.read_text())
        return dict(USUAL) | {name: _ladder(name, rungs) for name, rungs in given.items()}
    except (OSError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{file} holds no ladders: {error}") from error


def _ladder(name: str, rungs: list[Mapping[str, Any]]) -> tuple[Rung, ...]:
    if name not in USUAL:
        raise ValueError(f"{name}: there are ladders of {', '.join(USUAL)}")
    ladder = tuple(_rung(float(rung["after_minutes"]), *map(Audience, rung["tells"])) for rung in rungs)
    times = [timedelta(0), *(rung.after for rung in ladder)]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("each rung comes after the one before it")
    possible = _OF_REQUESTS if name in RINGS else _OF_RESULTS
    if any(not possible.issuperset(rung.tells) for rung in ladder):
        raise ValueError(f"{name} tells {', '.join(sorted(possible))}")
    if name not in RINGS and not ladder:
        raise ValueError(f"{name}: its first rung says by when a result is to be acknowledged")
    return ladder
