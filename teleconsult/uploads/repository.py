"""Uploads: one coming-in of files, and what became of each file in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from storage.tables import instances, upload_chunks, upload_files, uploads
from teleconsult.errors import NotFound

Source = Literal["browser", "command-line", "c-store", "stow-rs", "folder", "retrieve"]
IN_ONE_QUERY = 400  # parameters; SQLite takes 32,766, and a plan for each length is kept


@dataclass(frozen=True, slots=True)
class FileResult:
    path: str
    verdict: Literal["stored", "refused", "quarantined"]
    reason: dict[str, Any] | None = None
    already_present: bool = False
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    quarantine_key: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """One coming-in of files, whichever way they come.

    Attributes:
        user_id: who sent them; None where no person did, but a scanner or an archive.
        peer: AE title, folder or archive they came from, where no person sent them.
        expected_series: how many instances the sender said that each series has.
    """

    id: str
    user_id: str | None
    institution_id: str
    source: Source
    consult_id: str | None
    completed_at: datetime | None
    peer: str | None = None
    expected_series: Mapping[str, int] | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StudyCounts:
    """How far one study of an upload is.

    Attributes:
        stored_count: instances of this upload that the archive has.
        verified_count: those of them that the archive read back from its disk as they were sent.
    """

    study_instance_uid: str
    stored_count: int
    verified_count: int


class UploadRepository:
    def add(
        self,
        connection: Connection,
        institution_id: str,
        at: datetime,
        *,
        source: Source,
        user_id: str | None = None,
        consult_id: str | None = None,
        peer: str | None = None,
    ) -> Upload:
        upload = Upload(
            str(uuid4()), user_id, institution_id, source, consult_id, None, peer, created_at=at
        )
        connection.execute(
            insert(uploads).values(
                id=upload.id,
                user_id=user_id,
                institution_id=institution_id,
                source=source,
                peer=peer,
                consult_id=consult_id,
                created_at=at,
            )
        )
        return upload

    def get_for(self, connection: Connection, upload_id: str, user_id: str) -> Upload:
        """Raises NotFound, also for another user's upload."""
        row = connection.execute(
            select(uploads).where(uploads.c.id == upload_id, uploads.c.user_id == user_id)
        ).first()
        if row is None:
            raise NotFound
        return _upload(row)

    def owner(self, connection: Connection, upload_id: str) -> str | None:
        """Who sent it; None: it is not there."""
        return connection.execute(select(uploads.c.user_id).where(uploads.c.id == upload_id)).scalar()

    def recent_of(self, connection: Connection, user_id: str, at_most: int) -> list[Upload]:
        """What the user sent from a browser, newest first."""
        rows = connection.execute(
            select(uploads)
            .where(uploads.c.user_id == user_id, uploads.c.source == "browser")
            .order_by(uploads.c.created_at.desc())
            .limit(at_most)
        )
        return [_upload(row) for row in rows]

    def expect_series(self, connection: Connection, upload_id: str, counts: Mapping[str, int]) -> None:
        """Keep how many instances the sender says that each series has."""
        row = connection.execute(
            select(uploads.c.expected_series).where(uploads.c.id == upload_id).with_for_update()
        ).one()
        merged = {**(row.expected_series or {}), **counts}
        if merged != row.expected_series:
            connection.execute(
                update(uploads).where(uploads.c.id == upload_id).values(expected_series=merged)
            )

    def add_file(self, connection: Connection, upload_id: str, result: FileResult) -> None:
        self.add_files(connection, upload_id, [result])

    def add_files(self, connection: Connection, upload_id: str, results: Sequence[FileResult]) -> None:
        if not results:
            return
        connection.execute(
            insert(upload_files),
            [
                {
                    "upload_id": upload_id,
                    "path": result.path[:1000],
                    "verdict": result.verdict,
                    "reason": result.reason,
                    "already_present": result.already_present,
                    "study_instance_uid": result.study_instance_uid,
                    "series_instance_uid": result.series_instance_uid,
                    "sop_instance_uid": result.sop_instance_uid,
                    "quarantine_key": result.quarantine_key,
                    "sha256": result.sha256,
                }
                for result in results
            ],
        )

    def files(self, connection: Connection, upload_id: str) -> list[FileResult]:
        """The last result of each path and content, in the order they came: sending again replaces."""
        rows = connection.execute(
            select(upload_files).where(upload_files.c.upload_id == upload_id).order_by(upload_files.c.id)
        )
        last = {(row.path, row.sha256): row for row in rows}
        return [_file(row) for row in last.values()]

    def known_files(
        self, connection: Connection, upload_id: str, sha256s: Sequence[str]
    ) -> dict[str, FileResult]:
        """Results in this upload by the SHA-256 of the file."""
        found: dict[str, FileResult] = {}
        for start in range(0, len(sha256s), IN_ONE_QUERY):
            rows = connection.execute(
                select(upload_files).where(
                    upload_files.c.upload_id == upload_id,
                    upload_files.c.sha256.in_(sha256s[start : start + IN_ONE_QUERY]),
                )
            )
            found |= {row.sha256: _file(row) for row in rows}
        return found

    def study_counts(self, connection: Connection, upload_id: str) -> list[StudyCounts]:
        sent = (
            select(upload_files.c.study_instance_uid, upload_files.c.sop_instance_uid)
            .where(upload_files.c.upload_id == upload_id, upload_files.c.verdict == "stored")
            .distinct()
            .subquery()
        )
        verified = func.sum(case((instances.c.verified_at.is_not(None), 1), else_=0))
        rows = connection.execute(
            select(sent.c.study_instance_uid, func.count().label("stored"), verified.label("verified"))
            .outerjoin(instances, instances.c.sop_instance_uid == sent.c.sop_instance_uid)
            .group_by(sent.c.study_instance_uid)
        )
        return [StudyCounts(row.study_instance_uid, row.stored, int(row.verified or 0)) for row in rows]

    def of_instances(self, connection: Connection, sop_instance_uids: Sequence[str]) -> list[str]:
        """Uploads that sent any of these instances."""
        found: set[str] = set()
        for start in range(0, len(sop_instance_uids), IN_ONE_QUERY):
            found |= set(
                connection.execute(
                    select(upload_files.c.upload_id)
                    .where(
                        upload_files.c.sop_instance_uid.in_(sop_instance_uids[start : start + IN_ONE_QUERY])
                    )
                    .distinct()
                ).scalars()
            )
        return sorted(found)

    def complete(self, connection: Connection, upload_id: str, at: datetime) -> None:
        connection.execute(
            update(uploads)
            .where(uploads.c.id == upload_id, uploads.c.completed_at.is_(None))
            .values(completed_at=at)
        )

    def chunks_here(
        self, connection: Connection, institution_id: str, sha256s: Sequence[str]
    ) -> frozenset[str]:
        found: set[str] = set()
        for start in range(0, len(sha256s), IN_ONE_QUERY):
            found |= set(
                connection.execute(
                    select(upload_chunks.c.sha256).where(
                        upload_chunks.c.institution_id == institution_id,
                        upload_chunks.c.sha256.in_(sha256s[start : start + IN_ONE_QUERY]),
                    )
                ).scalars()
            )
        return frozenset(found)

    def add_chunk(
        self, connection: Connection, institution_id: str, sha256: str, size_bytes: int, at: datetime
    ) -> None:
        if sha256 not in self.chunks_here(connection, institution_id, [sha256]):
            connection.execute(
                insert(upload_chunks).values(
                    institution_id=institution_id, sha256=sha256, size_bytes=size_bytes, arrived_at=at
                )
            )

    def remove_chunks(self, connection: Connection, institution_id: str, sha256s: Sequence[str]) -> None:
        for start in range(0, len(sha256s), IN_ONE_QUERY):
            connection.execute(
                delete(upload_chunks).where(
                    upload_chunks.c.institution_id == institution_id,
                    upload_chunks.c.sha256.in_(sha256s[start : start + IN_ONE_QUERY]),
                )
            )

    def chunks_before(self, connection: Connection, before: datetime) -> list[tuple[str, str]]:
        """Institution and SHA-256 of chunks that came before a moment and were never put together."""
        rows = connection.execute(
            select(upload_chunks.c.institution_id, upload_chunks.c.sha256).where(
                upload_chunks.c.arrived_at < before
            )
        )
        return [(row.institution_id, row.sha256) for row in rows]


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        row.id,
        row.user_id,
        row.institution_id,
        row.source,
        row.consult_id,
        row.completed_at,
        row.peer,
        row.expected_series,
        row.created_at,
    )


def _file(row: Row[Any]) -> FileResult:
    return FileResult(
        path=row.path,
        verdict=row.verdict,
        reason=row.reason,
        already_present=row.already_present,
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        sop_instance_uid=row.sop_instance_uid,
        quarantine_key=row.quarantine_key,
        sha256=row.sha256,
    )
