"""Append-only record of who saw or changed what: each entry carries the hash of the one before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Noticed:
    """The actions that were recorded within a block, and what each of its entries says besides."""

    actions: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)


_noticed: ContextVar[Noticed | None] = ContextVar("noticed", default=None)


@contextmanager
def noticing(**marks: str) -> Iterator[Noticed]:
    """What is recorded within the block, also by its threads; `marks` go into the details of each entry."""
    noticed = Noticed(marks=marks)
    token = _noticed.set(noticed)
    try:
        yield noticed
    finally:
        _noticed.reset(token)


def notice(action: str) -> None:
    """Say to whoever is `noticing` that this stands in the log."""
    if (noticed := _noticed.get()) is not None:
        noticed.actions.append(action)


def mark(name: str, value: str) -> None:
    """From here on every entry of the block that is `noticing` says this in its details."""
    if (noticed := _noticed.get()) is not None:
        noticed.marks[name] = value


def marked(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """The details, and the marks of the block around."""
    noticed = _noticed.get()
    return {**(noticed.marks if noticed else {}), **(details or {})}


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
        "details": marked(details),
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
