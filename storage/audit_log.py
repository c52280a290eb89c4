"""Append-only record of who saw or changed what: each entry carries the hash of the one before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, desc, insert, select, text

from storage.audit_chain import FIRST_PREVIOUS_SHA256, AuditEntry, check, digest
from storage.errors import AuditChainBroken
from storage.tables import audit_log

__all__ = ["AuditEntry", "entries", "record", "verify"]

READ_AT_ONCE = 1_000
AUDIT_LOCK = 0x54434155  # any number that nothing else in the database locks
QUEUE_TIMEOUT_S = 10
# Held until the transaction ends; who waits longer is told, as by a table that somebody locked.
QUEUE = text(
    f"SELECT set_config('lock_timeout', '{QUEUE_TIMEOUT_S}s', true), pg_advisory_xact_lock({AUDIT_LOCK})"
)
_noticed: ContextVar[list[str] | None] = ContextVar("noticed", default=None)


@contextmanager
def noticing() -> Iterator[list[str]]:
    """The actions that are recorded within the block, also by its threads."""
    actions: list[str] = []
    token = _noticed.set(actions)
    try:
        yield actions
    finally:
        _noticed.reset(token)


def notice(action: str) -> None:
    """Say to whoever is `noticing` that this stands in the log."""
    if (actions := _noticed.get()) is not None:
        actions.append(action)


def record(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Append one entry within the caller's transaction: the deed and its entry stand or fall together.

    Returns its number.
    """
    if connection.dialect.name == "postgresql":
        # SQLite's writer is alone by BEGIN IMMEDIATE; here the chain needs its own queue.
        connection.execute(QUEUE)
    last = connection.execute(
        select(audit_log.c.sequence, audit_log.c.sha256).order_by(desc(audit_log.c.sequence)).limit(1)
    ).first()
    sequence, previous = (last.sequence + 1, last.sha256) if last else (1, FIRST_PREVIOUS_SHA256)
    values: dict[str, Any] = {
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": dict(details or {}),
    }
    connection.execute(
        insert(audit_log).values(
            sequence=sequence,
            previous_sha256=previous,
            sha256=digest(sequence, previous, **values),
            **values,
        )
    )
    notice(action)
    return sequence


def entries(connection: Connection, first: int = 1, last: int | None = None) -> Iterator[AuditEntry]:
    """In order, a part at a time: a log of millions of entries is never in memory."""
    after = first - 1
    while True:
        query = select(audit_log).where(audit_log.c.sequence > after).order_by(audit_log.c.sequence)
        if last is not None:
            query = query.where(audit_log.c.sequence <= last)
        rows = connection.execute(query.limit(READ_AT_ONCE)).all()
        for row in rows:
            yield AuditEntry(**row._mapping)
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1].sequence


def verify(connection: Connection) -> int:
    """Return the number of entries when the whole chain holds.

    Raises:
        AuditChainBroken: an entry was changed, removed, moved or put in between.
    """
    verdict = check(entries(connection))
    if verdict.fault:
        raise AuditChainBroken(verdict.fault.en)
    return verdict.entries
