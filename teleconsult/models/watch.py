"""The watch over the models that read: it looks again from time to time, calls people, stops what it must.

The rules are inference/model_watch.py; here are the rows they work on and what follows from them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, select, update

from inference.errors import BundleError
from inference.model_version import ModelVersion, State
from inference.model_watch import (
    ALL,
    Alarm,
    AlarmKind,
    AlarmLevel,
    Decision,
    Group,
    WatchLevels,
    agreement_by_group,
    alarms_of,
    drift_now,
    levels_of,
)
from inference.observation import Scanner, observations_of
from storage import audit_log
from storage.tables import findings, model_alarms, model_observations
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus

EVERY: Final = timedelta(minutes=5)
SYSTEM: Final = "system"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """An alarm as it is kept.

    Attributes:
        raised_at, seen_at: when it began, and when it was last so.
        cleared_at: when it was no longer so; None: it still is.
    """

    alarm: Alarm
    raised_at: datetime
    seen_at: datetime
    cleared_at: datetime | None


class ModelWatch:
    """Looks at all models that read, at most every EVERY."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._looked_at: datetime | None = None

    def step(self, at: datetime) -> bool:
        """Look if it is time to. Always False: there is never more to do at once."""
        if self._looked_at is None or abs(at - self._looked_at) >= EVERY:
            self._looked_at = at
            watch_models(self._parts, at)
        return False


def watch_models(parts: PartsOfApp, at: datetime) -> None:
    """Judge each version that reads, keep its alarms, and suspend it where readers reject what it finds."""
    with parts.database.reading() as connection:
        active = [v for v in parts.models.versions(connection) if v.state is State.ACTIVE]
    changed = False
    for version in active:
        with parts.database.transaction() as connection:
            changed |= _watch(parts, connection, version, at)
    if changed:
        parts.publish({"type": "models-changed"})


def levels_for(parts: PartsOfApp, version: ModelVersion) -> WatchLevels:
    """Return a version's levels; ours where its files cannot be read or give none that we know."""
    try:
        return levels_of(parts.models.bundle_of(version).metadata)
    except (BundleError, ValueError, TypeError):
        log.warning("watch-levels-not-usable model=%s version=%s", version.name, version.version)
        return WatchLevels()


def decisions_of(connection: Connection, name: str, version: str) -> list[Decision]:
    """Return what readers decided on a version's findings."""
    rows = connection.execute(
        select(
            findings.c.status,
            findings.c.decided_at,
            model_observations.c.institution_id,
            model_observations.c.manufacturer,
            model_observations.c.scanner_model,
            model_observations.c.kernel,
        )
        .join(model_observations, model_observations.c.job_id == findings.c.job_id)
        .where(
            model_observations.c.name == name,
            model_observations.c.version == version,
            findings.c.status != DecisionStatus.PRELIMINARY,
        )
    )
    return [
        Decision(
            Group(row.institution_id, Scanner(row.manufacturer, row.scanner_model, row.kernel).name),
            DecisionStatus(row.status).is_accepted,
            row.decided_at,
        )
        for row in rows
    ]


def decisions_here(connection: Connection, name: str, version: str) -> dict[str, int]:
    """Return how many of a version's findings have each status."""
    rows = connection.execute(
        select(findings.c.status, func.count().label("n"))
        .join(model_observations, model_observations.c.job_id == findings.c.job_id)
        .where(model_observations.c.name == name, model_observations.c.version == version)
        .group_by(findings.c.status)
    )
    return {row.status: row.n for row in rows}


def alarms_on_record(connection: Connection, name: str, version: str) -> list[StandingAlarm]:
    """Return a version's alarms, those that stand first, then the newest."""
    rows = connection.execute(
        select(model_alarms)
        .where(model_alarms.c.name == name, model_alarms.c.version == version)
        .order_by(model_alarms.c.cleared_at.is_not(None), model_alarms.c.raised_at.desc())
    )
    return [StandingAlarm(_alarm(row), row.raised_at, row.seen_at, row.cleared_at) for row in rows]


def _watch(parts: PartsOfApp, connection: Connection, version: ModelVersion, at: datetime) -> bool:
    """Return whether alarms or the version's state changed."""
    levels = levels_for(parts, version)
    observations = observations_of(connection, version.name, version.version)
    agreement = agreement_by_group(
        decisions_of(connection, version.name, version.version), levels, at, since=version.activated_at
    )
    alarms = alarms_of(drift_now(observations, levels, at), agreement, levels)
    changed = _keep(connection, version, alarms, at)
    if any(a.level is AlarmLevel.CRITICAL and a.group == ALL for a in alarms):
        counted = agreement[ALL]
        parts.models.suspend(
            connection,
            version.name,
            version.version,
            f"Readers accepted {counted.accepted} of {counted.decided} findings, below the floor of "
            f"{levels.floor:.0%}. 医师仅采纳了 {counted.decided} 个标记中的 {counted.accepted} 个，"
            f"低于 {levels.floor:.0%} 的下限。",
            by=SYSTEM,
            at=at,
        )
        log.error("model-suspended model=%s version=%s", version.name, version.version)
        changed = True
    return changed


def _keep(connection: Connection, version: ModelVersion, alarms: Sequence[Alarm], at: datetime) -> bool:
    """Write down new alarms, note again those that stand, and clear those that are over."""
    standing = {
        _key(_alarm(row)): row.id
        for row in connection.execute(
            select(model_alarms).where(
                model_alarms.c.name == version.name,
                model_alarms.c.version == version.version,
                model_alarms.c.cleared_at.is_(None),
            )
        )
    }
    changed = False
    for alarm in alarms:
        known = standing.pop(_key(alarm), None)
        figures = dict(alarm.figures)
        if known is not None:
            connection.execute(
                update(model_alarms)
                .where(model_alarms.c.id == known)
                .values(level=alarm.level, figures=figures, seen_at=at)
            )
            continue
        changed = True
        connection.execute(
            insert(model_alarms).values(
                id=str(uuid4()),
                name=version.name,
                version=version.version,
                kind=alarm.kind,
                level=alarm.level,
                subject=alarm.subject,
                institution_id=alarm.group.institution_id,
                scanner=alarm.group.scanner,
                figures=figures,
                raised_at=at,
                seen_at=at,
            )
        )
        audit_log.record(
            connection,
            at=at,
            actor=SYSTEM,
            action=f"model-alarm-{alarm.level}",
            subject=f"model/{version.name}/{version.version}",
            details={"kind": alarm.kind, "about": alarm.subject, **figures},
        )
    if standing:
        changed = True
        connection.execute(
            update(model_alarms).where(model_alarms.c.id.in_(standing.values())).values(cleared_at=at)
        )
    return changed


def _key(alarm: Alarm) -> tuple[AlarmKind, str, Group]:
    return alarm.kind, alarm.subject, alarm.group


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        AlarmKind(row.kind),
        AlarmLevel(row.level),
        Group(row.institution_id, row.scanner),
        row.subject,
        row.figures,
    )
