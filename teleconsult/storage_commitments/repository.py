"""Requests for storage commitment that were kept, and when each report is tried next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from imaging.storage_commitment import CommitmentRequest, Reference
from storage.tables import instances, series, storage_commitments, studies
from teleconsult.errors import TransactionUidTaken

# The pause before each further attempt; the last one is repeated until TRIED_FOR is over.
PAUSES = [timedelta(seconds=s) for s in (10, 30, 120, 600, 3600)]
TRIED_FOR = timedelta(days=3)
IN_ONE_QUERY = 400


@dataclass(frozen=True, slots=True)
class Commitment:
    transaction_uid: str
    peer_id: str
    references: tuple[Reference, ...]
    requested_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class HeldInstance:
    sop_class_uid: str
    orthanc_id: str


def next_attempt(attempts: int, requested_at: datetime, at: datetime) -> datetime | None:
    """When to try again after that many attempts; None: it has been tried for long enough."""
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    return at + pause if at + pause < requested_at + TRIED_FOR else None


class StorageCommitmentRepository:
    def add(self, connection: Connection, peer_id: str, request: CommitmentRequest, at: datetime) -> None:
        """Keep a request. The same one again is reported again.

        Raises:
            TransactionUidTaken: another peer used this Transaction UID.
        """
        row = connection.execute(
            select(storage_commitments.c.peer_id).where(
                storage_commitments.c.transaction_uid == request.transaction_uid
            )
        ).first()
        if row is not None and row.peer_id != peer_id:
            raise TransactionUidTaken
        values = {
            "references": [[one.sop_class_uid, one.sop_instance_uid] for one in request.references],
            "requested_at": at,
            "attempts": 0,
            "next_attempt_at": at,
            "reported_at": None,
            "failed_count": None,
        }
        if row is None:
            connection.execute(
                insert(storage_commitments).values(
                    transaction_uid=request.transaction_uid, peer_id=peer_id, **values
                )
            )
        else:
            connection.execute(
                update(storage_commitments)
                .where(storage_commitments.c.transaction_uid == request.transaction_uid)
                .values(**values)
            )

    def due(self, connection: Connection, at: datetime) -> list[Commitment]:
        rows = connection.execute(
            select(storage_commitments)
            .where(storage_commitments.c.next_attempt_at <= at)
            .order_by(storage_commitments.c.next_attempt_at)
            .limit(20)
        )
        return [_commitment(row) for row in rows]

    def next_due_at(self, connection: Connection) -> datetime | None:
        moment: datetime | None = connection.execute(
            select(func.min(storage_commitments.c.next_attempt_at))
        ).scalar()
        return moment

    def reported(self, connection: Connection, kept: Commitment, failed_count: int, at: datetime) -> None:
        self._update(
            connection, kept, reported_at=at, next_attempt_at=None, failed_count=failed_count
        )

    def not_reported(self, connection: Connection, kept: Commitment, at: datetime) -> datetime | None:
        """Note a vain attempt; when the next one is."""
        next_at = next_attempt(kept.attempts + 1, kept.requested_at, at)
        self._update(connection, kept, next_attempt_at=next_at)
        return next_at

    def held(
        self, connection: Connection, institution_id: str, sop_instance_uids: Sequence[str]
    ) -> dict[str, HeldInstance]:
        """Those of the instances that the institution has here."""
        found: dict[str, HeldInstance] = {}
        for start in range(0, len(sop_instance_uids), IN_ONE_QUERY):
            rows = connection.execute(
                select(instances.c.sop_instance_uid, instances.c.sop_class_uid, instances.c.orthanc_id)
                .join(series, series.c.series_instance_uid == instances.c.series_instance_uid)
                .join(studies, studies.c.study_instance_uid == series.c.study_instance_uid)
                .where(
                    studies.c.institution_id == institution_id,
                    instances.c.sop_instance_uid.in_(sop_instance_uids[start : start + IN_ONE_QUERY]),
                )
            )
            found |= {row.sop_instance_uid: HeldInstance(row.sop_class_uid, row.orthanc_id) for row in rows}
        return found

    @staticmethod
    def _update(connection: Connection, kept: Commitment, **values: Any) -> None:
        connection.execute(
            update(storage_commitments)
            .where(storage_commitments.c.transaction_uid == kept.transaction_uid)
            .values(attempts=kept.attempts + 1, **values)
        )


def _commitment(row: Row[Any]) -> Commitment:
    return Commitment(
        row.transaction_uid,
        row.peer_id,
        tuple(Reference(*pair) for pair in row.references),
        row.requested_at,
        row.attempts,
    )
