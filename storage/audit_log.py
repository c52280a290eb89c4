"""Append-only record of who saw or changed what: each entry carries the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, desc, insert, select, text

from storage.errors import AuditChainBroken
from storage.tables import audit_log

FIRST_PREVIOUS_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did. `subject` is an identifier, never a name."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    previous_sha256: str
    sha256: str


def record(
    connection: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry within the caller's transaction: the deed and its entry stand or fall together."""
    if connection.dialect.name == "postgresql":
        # SQLite's writer is alone by BEGIN IMMEDIATE; here the chain needs its own queue.
        connection.execute(text("LOCK TABLE audit_log IN EXCLUSIVE MODE"))
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
            sha256=_digest(sequence, previous, **values),
            **values,
        )
    )


def entries(connection: Connection) -> Iterator[AuditEntry]:
    for row in connection.execute(select(audit_log).order_by(audit_log.c.sequence)):
        yield AuditEntry(**row._mapping)


def verify(connection: Connection) -> int:
    """Return the number of entries when the whole chain holds.

    Raises:
        AuditChainBroken: an entry was changed, removed, moved or put in between.
    """
    previous, count = FIRST_PREVIOUS_SHA256, 0
    for count, entry in enumerate(entries(connection), start=1):
        digest = _digest(
            count,
            previous,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            details=entry.details,
        )
        if (entry.sequence, entry.previous_sha256, entry.sha256) != (count, previous, digest):
            raise AuditChainBroken(f"audit entry {entry.sequence} does not follow from the one before it")
        previous = entry.sha256
    return count


def _digest(sequence: int, previous: str, *, at: datetime, **values: Any) -> str:
    body = {"sequence": sequence, "previous": previous, "at": at.isoformat(timespec="microseconds"), **values}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
