"""What is deleted is written down before it goes: an entry of the audit log, and each item with its hash.

The entry has who, when, why and the hash of the items; so the list, which may be long, is as sure as the log.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select

from storage import audit_log
from storage.audit_chain import AuditEntry, canonical, moment
from storage.tables import audit_log as audit_rows
from storage.tables import deletions
from teleconsult.errors import NotFound

NEWEST = 200


@dataclass(frozen=True, slots=True)
class DeletedItem:
    """An image by its SOP Instance UID, or an object by its key. The hash is of the file, if known."""

    id: str
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    entry: AuditEntry
    items: tuple[DeletedItem, ...]


def digest_of(items: Sequence[DeletedItem]) -> str:
    return sha256(canonical({"items": [asdict(item) for item in items]})).hexdigest()


def record_deletion(
    connection: Connection,
    action: str,
    subject: str,
    items: Sequence[DeletedItem],
    *,
    actor: str,
    reason: str,
    at: datetime,
    announced_at: datetime | None = None,
) -> None:
    """Write it down within the deed's transaction.

    Args:
        reason: what somebody gave, or the rule.
        announced_at: since when it was announced that the rule would delete it.
    """
    details: dict[str, Any] = {
        "reason": reason, "items": len(items), "items_sha256": digest_of(items)
    }
    if announced_at is not None:
        details["announced_at"] = moment(announced_at)
    sequence = audit_log.record(
        connection, at=at, actor=actor, action=action, subject=subject, details=details
    )
    listed: list[dict[str, Any]] = [asdict(item) for item in items]
    connection.execute(insert(deletions).values(audit_sequence=sequence, listed=listed))


def newest_deletions(connection: Connection) -> list[AuditEntry]:
    query = (
        select(audit_rows)
        .join(deletions, deletions.c.audit_sequence == audit_rows.c.sequence)
        .order_by(audit_rows.c.sequence.desc())
        .limit(NEWEST)
    )
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def find_deletion(connection: Connection, sequence: int) -> Deletion:
    """By the number of its entry in the audit log. Raises NotFound."""
    listed = connection.execute(
        select(deletions.c.listed).where(deletions.c.audit_sequence == sequence)
    ).scalar()
    entry = next(audit_log.entries(connection, sequence, sequence), None)
    if listed is None or entry is None:
        raise NotFound
    return Deletion(entry, tuple(DeletedItem(**item) for item in listed))
