"""Who reads which study, in the database."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.tables import readings
from teleconsult.worklist.reading import Reading


class ReadingRepository:
    def of_studies(self, connection: Connection, study_instance_uids: Sequence[str]) -> dict[str, Reading]:
        rows = connection.execute(
            select(readings).where(readings.c.study_instance_uid.in_(study_instance_uids))
        )
        return {row.study_instance_uid: _reading(row) for row in rows}

    def get(self, connection: Connection, study_instance_uid: str) -> Reading:
        """For a change: whoever else changes the same row waits until this transaction is over."""
        query = select(readings).where(readings.c.study_instance_uid == study_instance_uid).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            # Of two who are the first, the second waits here, and finds the row of the other.
            with suppress(IntegrityError), connection.begin_nested():
                connection.execute(insert(readings).values(study_instance_uid=study_instance_uid))
            row = connection.execute(query).one()
        return _reading(row)

    def save(self, connection: Connection, before: Reading, reading: Reading) -> None:
        """Write what changed alone: a page that is still there makes no row of the worklist anew."""
        was, values = _values(before), _values(reading)
        changed = {name: value for name, value in values.items() if value != was[name]}
        if changed:
            connection.execute(
                update(readings)
                .where(readings.c.study_instance_uid == reading.study_instance_uid)
                .values(changed)
            )


def _values(reading: Reading) -> dict[str, Any]:
    return {name.removesuffix("_id"): value for name, value in asdict(reading).items()}


def _reading(row: Row[Any]) -> Reading:
    return Reading(
        study_instance_uid=row.study_instance_uid,
        assigned_to_id=row.assigned_to,
        assigned_at=row.assigned_at,
        opened_by_id=row.opened_by,
        opened_at=row.opened_at,
        lease_expires_at=row.lease_expires_at,
        read_by_id=row.read_by,
        read_at=row.read_at,
    )
