"""What was given of a patient's history, in the database: with which consult, by whom and when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, insert, select, update

from storage import audit_log
from storage.tables import history_entries
from teleconsult.errors import HistoryContradicts, HistoryTooLong, NotFound
from teleconsult.patient_history.record import MOST_RECORDS, HistoryRecord, contradiction
from teleconsult.users.user import User

_AS_RECORD: Final[TypeAdapter[HistoryRecord]] = TypeAdapter(HistoryRecord)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One record as it was given; in error: somebody said since, with a reason, that it is wrong."""

    id: str
    consult_id: str
    record: HistoryRecord
    given_by_id: str
    given_at: datetime
    in_error_at: datetime | None
    in_error_by_id: str | None
    in_error_reason: str | None


def keep_history(
    connection: Connection, consult_id: str, records: Sequence[HistoryRecord], user: User, at: datetime
) -> None:
    """Add records to a consult; none to add is nothing.

    Raises:
        HistoryContradicts: some are named, and none are said to be known.
        HistoryTooLong: the consult would have more than MOST_RECORDS.
    """
    if not records:
        return
    if contradiction(records):
        raise HistoryContradicts
    last = select(func.max(history_entries.c.position)).where(history_entries.c.consult_id == consult_id)
    first = (connection.execute(last).scalar() or 0) + 1
    if first + len(records) - 1 > MOST_RECORDS:
        raise HistoryTooLong(MOST_RECORDS)
    rows = [
        {
            "id": str(uuid4()),
            "consult_id": consult_id,
            "position": position,
            "record": record.model_dump(mode="json"),
            "given_by": user.id,
            "given_at": at,
        }
        for position, record in enumerate(records, start=first)
    ]
    connection.execute(insert(history_entries), rows)
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action="history-given",
        subject=f"consult/{consult_id}",
        details={"entries": [row["id"] for row in rows]},
    )


def history_of(connection: Connection, consult_ids: Collection[str]) -> list[HistoryEntry]:
    """In the order in which it was given."""
    query = (
        select(history_entries)
        .where(history_entries.c.consult_id.in_(consult_ids))
        .order_by(history_entries.c.given_at, history_entries.c.position)
    )
    return [_entry(row) for row in connection.execute(query)]


def mark_in_error(
    connection: Connection, consult_id: str, entry_id: str, *, user: User, reason: str, at: datetime
) -> None:
    """Say that an entry is wrong; saying it again changes nothing. Raises NotFound."""
    this = (history_entries.c.id == entry_id) & (history_entries.c.consult_id == consult_id)
    if connection.execute(select(history_entries.c.id).where(this)).first() is None:
        raise NotFound
    changed = connection.execute(
        update(history_entries)
        .where(this, history_entries.c.in_error_at.is_(None))
        .values(in_error_at=at, in_error_by=user.id, in_error_reason=reason)
    )
    if changed.rowcount == 1:
        audit_log.record(
            connection,
            at=at,
            actor=user.id,
            action="history-marked-wrong",
            subject=f"consult/{consult_id}",
            details={"entry": entry_id, "reason": reason},
        )


def _entry(row: Row[Any]) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        consult_id=row.consult_id,
        record=_AS_RECORD.validate_python(row.record),
        given_by_id=row.given_by,
        given_at=row.given_at,
        in_error_at=row.in_error_at,
        in_error_by_id=row.in_error_by,
        in_error_reason=row.in_error_reason,
    )
