"""What is seen of a model at work, judged: have input or answers moved, do readers still agree with it.

There is no reference for local images but the first ones that were read here: a baseline of the version's
first series, for all of them and for each site and scanner by itself. A new scanner therefore begins its
own baseline, and is seen as what it is, a change in the mix of scanners of its site.

A version is suspended only on readers' decisions: where even the upper end of the 95 % interval of the
share that they accept lies below the floor. Drift alone calls for people to look.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from inference.agreement import Agreement
from inference.drift import Drift, Level, drift_of_categories, drift_of_values
from inference.observation import Observation

SCORES: Final = "scores"
FLAGS: Final = "flags_per_study"
KERNEL: Final = "kernel"
SCANNER: Final = "scanner"


@dataclass(frozen=True, slots=True)
class WatchLevels:
    """From where on something is done. A bundle's metadata may give its own under `watch`.

    Attributes:
        floor: the share of accepted findings below which the model is of no use here.
        least_decided: with fewer decisions nothing is judged.
        decisions_days: how far back decisions count.
        baseline: how many series make the reference of a group.
        drift_days: how far back the window reaches that is compared with it.
        least_window: with fewer series in the window nothing is judged.
    """

    floor: float = 0.2
    least_decided: int = 30
    decisions_days: int = 90
    baseline: int = 100
    drift_days: int = 28
    least_window: int = 20


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What is judged together: all, one site, or one scanner of a site. None: any."""

    institution_id: str | None = None
    scanner: str | None = None

    @property
    def wider(self) -> "Group":
        """Return the group that this one is a part of; all are their own."""
        return Group(self.institution_id) if self.scanner is not None else ALL


ALL: Final = Group()


@dataclass(frozen=True, slots=True)
class Decision:
    """A reader's decision on one finding."""

    group: Group
    is_accepted: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing compared with the group's baseline."""

    group: Group
    subject: str
    drift: Drift


class AlarmKind(StrEnum):
    """What an alarm is about."""

    INPUT_DRIFT = "input-drift"
    SCORE_DRIFT = "score-drift"
    AGREEMENT = "agreement"


class AlarmLevel(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"  # of agreement: the version is suspended


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that people should look at.

    Attributes:
        subject: a feature's name, SCORES, FLAGS, KERNEL, SCANNER, or "accepted".
        figures: what it rests on.
    """

    kind: AlarmKind
    level: AlarmLevel
    group: Group
    subject: str
    figures: Mapping[str, Any]


# What each level of drift calls for. Levels that are not here call for nothing.
ALARMS: Final[Mapping[Level, AlarmLevel]] = {Level.MUCH: AlarmLevel.WARNING}


def levels_of(metadata: Mapping[str, Any]) -> WatchLevels:
    """Return a bundle's own levels, and ours for what it does not give.

    Raises:
        ValueError: it gives a level that there is none of, or no number.
    """
    given = metadata.get("watch") or {}
    known: dict[str, Any] = {one.name: float if one.type is float else int for one in fields(WatchLevels)}
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise ValueError(f"watch levels that there are none of: {', '.join(unknown)}")
    return WatchLevels(**{name: known[name](value) for name, value in given.items()})


def groups_of(observation: Observation) -> tuple[Group, Group, Group]:
    """Return the groups that an observation belongs to."""
    site = observation.institution_id
    return ALL, Group(site), Group(site, observation.scanner.name)


def drift_now(observations: Sequence[Observation], levels: WatchLevels, at: datetime) -> list[Moved]:
    """Return how each group's window compares with its baseline, where both are large enough."""
    since = at - timedelta(days=levels.drift_days)
    found: list[Moved] = []
    groups = _by_group(observations)
    for group, members in groups.items():
        if group != ALL and len(members) == len(groups[group.wider]):
            continue  # the only site, or its only scanner: it is told of once
        baseline, later = members[: levels.baseline], members[levels.baseline :]
        window = [one for one in later if one.at >= since]
        if len(baseline) == levels.baseline and len(window) >= levels.least_window:
            found += _moved(group, baseline, window)
    return found


def drift_by_week(
    observations: Sequence[Observation], levels: WatchLevels
) -> list[tuple[datetime, int, dict[str, Drift]]]:
    """Return each week after the baseline: its Monday (UTC), number of series, and drift by subject."""
    baseline, later = observations[: levels.baseline], observations[levels.baseline :]
    if len(baseline) < levels.baseline:
        return []
    weeks = []
    for monday, members in groupby(later, key=lambda one: _monday(one.at)):
        window = list(members)
        moved = _moved(ALL, baseline, window)
        weeks.append((monday, len(window), {one.subject: one.drift for one in moved}))
    return weeks


def agreement_by_group(
    decisions: Sequence[Decision], levels: WatchLevels, at: datetime, since: datetime | None = None
) -> dict[Group, Agreement]:
    """Return the decisions that count, by group.

    Args:
        since: when the version last began to read: what was decided before a resumption is settled.
    """
    first = at - timedelta(days=levels.decisions_days)
    first = max(first, since) if since else first
    counts: dict[Group, list[int]] = {ALL: [0, 0]}
    for one in decisions:
        if one.at < first:
            continue
        for group in {ALL, Group(one.group.institution_id), one.group}:
            counts.setdefault(group, [0, 0])[0 if one.is_accepted else 1] += 1
    return {group: Agreement(*pair) for group, pair in counts.items()}


def is_below_floor(agreement: Agreement, levels: WatchLevels) -> bool:
    """Return whether it is as good as certain that readers accept less than the floor."""
    return agreement.decided >= levels.least_decided and agreement.interval[1] < levels.floor


def alarms_of(
    moved: Sequence[Moved], agreement: Mapping[Group, Agreement], levels: WatchLevels
) -> list[Alarm]:
    """Return what people should look at."""
    alarms = [
        Alarm(
            AlarmKind.SCORE_DRIFT if one.subject in (SCORES, FLAGS) else AlarmKind.INPUT_DRIFT,
            ALARMS[one.drift.level],
            one.group,
            one.subject,
            {"psi": round(one.drift.index, 3), "series": one.drift.window_count},
        )
        for one in moved
        if one.drift.level in ALARMS
    ]
    for group, counted in agreement.items():
        if group != ALL and counted == agreement.get(group.wider):
            continue
        if counted.share is None or counted.decided < levels.least_decided or counted.share >= levels.floor:
            continue
        # Only the whole is suspended; one site's disagreement is for people to understand.
        sure = group == ALL and is_below_floor(counted, levels)
        level = AlarmLevel.CRITICAL if sure else AlarmLevel.WARNING
        figures = {"accepted": counted.accepted, "decided": counted.decided, "floor": levels.floor}
        alarms.append(Alarm(AlarmKind.AGREEMENT, level, group, "accepted", figures))
    return alarms


def _by_group(observations: Sequence[Observation]) -> dict[Group, list[Observation]]:
    groups: dict[Group, list[Observation]] = {}
    for one in observations:
        for group in groups_of(one):
            groups.setdefault(group, []).append(one)
    return groups


def _moved(group: Group, baseline: Sequence[Observation], window: Sequence[Observation]) -> list[Moved]:
    features = sorted({name for one in (*baseline, *window) for name in one.features})
    compared: dict[str, Drift | None] = {
        name: drift_of_values(_values(baseline, name), _values(window, name)) for name in features
    }
    compared[SCORES] = drift_of_values(*(_pooled(side) for side in (baseline, window)))
    compared[FLAGS] = drift_of_values(
        *([float(len(one.scores)) for one in side] for side in (baseline, window))
    )
    names: Mapping[str, Callable[[Observation], str]] = {
        KERNEL: lambda one: one.scanner.kernel,
        SCANNER: lambda one: one.scanner.name,
    }
    for subject, name_of in names.items():
        compared[subject] = drift_of_categories(
            *([name_of(one) for one in side] for side in (baseline, window))
        )
    return [Moved(group, subject, drift) for subject, drift in compared.items() if drift is not None]


def _values(observations: Sequence[Observation], name: str) -> list[float]:
    return [value for one in observations if (value := one.features.get(name)) is not None]


def _pooled(observations: Sequence[Observation]) -> list[float]:
    return [score for one in observations for score in one.scores]


def _monday(at: datetime) -> datetime:
    return (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
