"""What was measured in the room of a consult stays with the case.

A room's relay remembers in Redis what is on its screens, for a day (signaling/room_registry.py). What is
drawn to its end is copied from there while the consult runs and is reported on, and given back to a room that
has forgotten it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from signaling.measurement import ImageMeasurement, SharedMeasurement
from storage import audit_log
from storage.tables import consults, kept_measurements
from teleconsult.consults.consult import SYSTEM, Status
from teleconsult.dependencies import PartsOfApp
from teleconsult.lifecycle.legal_hold import consults_on_hold

MEASURED_IN: Final = (Status.IN_PROGRESS, Status.ON_HOLD, Status.REPORTING)


@dataclass(frozen=True, slots=True)
class KeptMeasurement:
    owner_id: str
    kept_at: datetime  # as it is
    measurement: ImageMeasurement


def keep_measured(parts: PartsOfApp, at: datetime) -> bool:
    """Copy what the open rooms have; whether anything was new."""
    with parts.database.reading() as connection:
        query = select(consults.c.id).where(consults.c.status.in_([one.value for one in MEASURED_IN]))
        consult_ids = list(connection.execute(query).scalars())
    if not (rooms := parts.rooms.measurements_of(consult_ids)):
        return False
    with parts.database.reading() as connection:
        kept = _measurements_of_all(connection, list(rooms))
    has_changed = False
    for consult_id, shared in rooms.items():
        before = {one.measurement.id: one.measurement for one in kept.get(consult_id, ())}
        if {one.measurement.id: one.measurement for one in shared} != before:
            with parts.database.transaction() as connection:
                is_new = _keep(connection, consult_id, shared, at)
            if is_new:
                parts.publish({"type": "consult-changed", "consult_id": consult_id})
                has_changed = True
    return has_changed


def remind_room(parts: PartsOfApp, consult_id: str) -> None:
    """Give a room that remembers nothing what the case keeps."""
    with parts.database.reading() as connection:
        kept = measurements_of(connection, consult_id)
        people = parts.users.by_ids(connection, {one.owner_id for one in kept})
    if kept:
        parts.rooms.remind(
            consult_id,
            [
                SharedMeasurement(
                    owner_id=one.owner_id,
                    owner_name=people[one.owner_id].display_name,
                    measurement=one.measurement,
                )
                for one in kept
            ],
        )


def measurements_of(connection: Connection, consult_id: str) -> list[KeptMeasurement]:
    """The oldest first."""
    return _measurements_of_all(connection, [consult_id]).get(consult_id, [])


def _measurements_of_all(
    connection: Connection, consult_ids: Sequence[str]
) -> dict[str, list[KeptMeasurement]]:
    table = kept_measurements
    rows = connection.execute(
        select(table).where(table.c.consult_id.in_(consult_ids)).order_by(table.c.kept_at, table.c.id)
    )
    found: dict[str, list[KeptMeasurement]] = {}
    for row in rows:
        measurement = ImageMeasurement.model_validate(row.measurement)
        found.setdefault(row.consult_id, []).append(KeptMeasurement(row.owner_id, row.kept_at, measurement))
    return found


def _keep(connection: Connection, consult_id: str, shared: list[SharedMeasurement], at: datetime) -> bool:
    """The room is right: its owners measured there, each by a ticket of their own. False: all was known.

    But what was measured in a consult that is on legal hold stays, also where the room has it no more.
    """
    table, is_new = kept_measurements, False
    known = {one.measurement.id: one for one in measurements_of(connection, consult_id)}
    for one in shared:
        before = known.pop(one.measurement.id, None)
        this = (table.c.consult_id == consult_id) & (table.c.id == one.measurement.id)
        values = {"measurement": one.measurement.model_dump(mode="json", by_alias=True), "kept_at": at}
        if before is None:
            own = {"consult_id": consult_id, "id": one.measurement.id, "owner_id": one.owner_id}
            connection.execute(insert(table).values(**own, **values))
            _note(connection, one.owner_id, "measurement-kept", consult_id, one.measurement.id, at)
            is_new = True
        elif before.measurement != one.measurement:
            connection.execute(update(table).where(this).values(**values))
            _note(connection, one.owner_id, "measurement-changed", consult_id, one.measurement.id, at)
            is_new = True
    if consult_id in consults_on_hold(connection):
        return is_new
    for name in known:
        connection.execute(delete(table).where(table.c.consult_id == consult_id, table.c.id == name))
        _note(connection, SYSTEM, "measurement-removed", consult_id, name, at)
    return is_new or bool(known)


def _note(
    connection: Connection, actor: str, action: str, consult_id: str, name: str, at: datetime
) -> None:
    subject, details = f"consult/{consult_id}", {"measurement": name}
    audit_log.record(connection, at=at, actor=actor, action=action, subject=subject, details=details)
