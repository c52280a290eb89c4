"""A bad line, as a calculation: packets with their moment of arrival go in, moments of departure come out.

No clock, no socket: those who carry real packets (network_twin.py, shaped_line.py) say what time it is. The
same seed, packets and schedule give the same losses.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Bursts:
    """Losses that come together: the model of Gilbert and Elliott, by what one sees of it.

    Attributes:
        share: of all packets, those that meet the line in its bad state, in the long run.
        mean_packets: how many packets one bad state lasts, in the mean.
        loss: share of packets lost in the bad state; in the good state it is `Conditions.loss`.
    """

    share: float
    mean_packets: float
    loss: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.share < 1 and 0 <= self.loss <= 1 and self.mean_packets >= 1 and self.begins <= 1):
            raise ValueError(f"no such bursts: {self}")

    @property
    def begins(self) -> float:
        """Chance that the bad state follows the good one; the share is what this and the length make it."""
        return self.share / (1 - self.share) / self.mean_packets

    @property
    def ends(self) -> float:
        return 1 / self.mean_packets


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one direction of a line does to packets.

    Attributes:
        loss: share of packets that do not arrive, each by its own chance.
        delay_s: from one end to the other.
        jitter_s: by how much more a packet may be late, evenly spread. Nothing overtakes.
        rate_bps: how many bits leave in a second.
        queue_s: how long a packet may wait for its turn; one that would wait longer is dropped.
        reordered: share of packets that are held back for `held_back_s`, so that others overtake.
        duplicated: share of packets that come twice; the copy takes its turn like any packet.
        is_down: nothing arrives.
    """

    loss: float = 0.0
    bursts: Bursts | None = None
    delay_s: float = 0.0
    jitter_s: float = 0.0
    rate_bps: float = math.inf
    queue_s: float = 0.1
    reordered: float = 0.0
    held_back_s: float = 0.03
    duplicated: float = 0.0
    is_down: bool = False

    def __post_init__(self) -> None:
        shares = (self.loss, self.reordered, self.duplicated)
        times = (self.delay_s, self.jitter_s, self.queue_s, self.held_back_s)
        if not (all(0 <= share <= 1 for share in shares) and min(times) >= 0 and self.rate_bps > 0):
            raise ValueError(f"no such line: {self}")


SETTINGS = frozenset(field.name for field in fields(Conditions))


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a script: these settings hold from `at_s` on, for `for_s`, over those of earlier steps.

    Attributes:
        towards: "server" or "client", the only direction that changes; else both do.
    """

    at_s: float
    settings: Mapping[str, Any]
    for_s: float = math.inf
    towards: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the step that a row of JSON says, as in {"at_s": 10, "for_s": 10, "is_down": true}.

        Raises:
            ValueError: a key or a value that does not exist.
        """
        settings = {name: value for name, value in row.items() if name in SETTINGS}
        if unknown := row.keys() - SETTINGS - {"at_s", "for_s", "towards"}:
            raise ValueError(f"no such settings of a line: {', '.join(sorted(unknown))}")
        if row.get("towards") not in (None, "server", "client"):
            raise ValueError(f"towards {row['towards']!r}: it is 'server' or 'client'")
        if isinstance(settings.get("bursts"), Mapping):
            settings["bursts"] = Bursts(**settings["bursts"])
        replace(Conditions(), **settings)
        return cls(row.get("at_s", 0.0), settings, row.get("for_s", math.inf), row.get("towards"))


class Schedule:
    """The conditions of one direction at every moment of a script."""

    def __init__(
        self, steps: Sequence[Step] = (), towards: str = "server", *, begins_at_s: float = 0.0
    ) -> None:
        mine = [step for step in steps if step.towards in (None, towards)]
        edges = {0.0} | {step.at_s for step in mine} | {step.at_s + step.for_s for step in mine}
        moments = sorted(edges - {math.inf})
        self._changes = [begins_at_s + moment for moment in moments]
        self._conditions = [_overlaid(mine, moment) for moment in moments]

    def at(self, moment_s: float) -> Conditions:
        return self._conditions[max(0, bisect_right(self._changes, moment_s) - 1)]


def _overlaid(steps: Sequence[Step], moment_s: float) -> Conditions:
    conditions = Conditions()
    for step in sorted(steps, key=lambda step: step.at_s):
        if step.at_s <= moment_s < step.at_s + step.for_s:
            conditions = replace(conditions, **step.settings)
    return conditions


@dataclass(slots=True)
class Counts:
    """Where the packets are: `taken + duplicated == sent_on + lost + overflowed + met_outage`."""

    taken: int = 0
    duplicated: int = 0
    sent_on: int = 0
    lost: int = 0
    overflowed: int = 0
    met_outage: int = 0


class Line:
    """One direction of a line."""

    def __init__(self, schedule: Schedule, seed: int = 20261125) -> None:
        self.schedule = schedule
        self.counts = Counts()
        self._chance = random.Random(seed)
        self._is_bad = False
        self._last_at_s = -math.inf
        self._free_at_s = -math.inf

    def take(self, at_s: float, size_bytes: int) -> tuple[float, ...]:
        """Return when the packet leaves the line: once, not at all, or twice.

        Packets are given in the order of `at_s`; of those that are not held back none leaves before one
        that was taken earlier. What was taken before a change of conditions leaves as it was promised.
        """
        conditions = self.schedule.at(at_s)
        self.counts.taken += 1
        copies = 1
        if self._happens(conditions.duplicated):
            self.counts.duplicated += 1
            copies = 2
        departures = (self._pass(conditions, at_s, size_bytes) for _ in range(copies))
        return tuple(departure for departure in departures if departure is not None)

    def full_for_s(self, at_s: float) -> float:
        """How long it takes until the queue has room, for a sender that waits instead of losing."""
        conditions = self.schedule.at(at_s)
        return max(0.0, self._free_at_s - at_s - conditions.delay_s - conditions.queue_s)

    def _pass(self, conditions: Conditions, at_s: float, size_bytes: int) -> float | None:
        if conditions.is_down:
            self.counts.met_outage += 1
            return None
        late = conditions.jitter_s * self._chance.random() if conditions.jitter_s else 0.0
        # The delay lies before the narrow place: what leaves is never closer together than the rate allows.
        comes_at_s = self._last_at_s = max(self._last_at_s, at_s + conditions.delay_s + late)
        begins_at_s = max(comes_at_s, self._free_at_s)
        if begins_at_s - comes_at_s > conditions.queue_s:
            self.counts.overflowed += 1
            return None
        self._free_at_s = begins_at_s + size_bytes * 8 / conditions.rate_bps
        if self._is_lost(conditions):  # it took its turn all the same
            self.counts.lost += 1
            return None
        self.counts.sent_on += 1
        held_back_s = conditions.held_back_s if self._happens(conditions.reordered) else 0.0
        return self._free_at_s + held_back_s

    def _is_lost(self, conditions: Conditions) -> bool:
        if (bursts := conditions.bursts) is None:
            self._is_bad = False
            return self._happens(conditions.loss)
        self._is_bad = not self._happens(bursts.ends) if self._is_bad else self._happens(bursts.begins)
        return self._happens(bursts.loss if self._is_bad else conditions.loss)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share
